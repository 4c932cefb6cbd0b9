// Calls with a telephone that does no ICE: what it is told, what connectivity is told, and what its later offers
// change.

#include "kernel/media/control_info.hpp"
#include "tests/kernel/doubles/rig.hpp"

#include <gtest/gtest.h>

namespace {

using namespace jackfield::doubles;
using namespace jackfield::kernel;
using nlohmann::json;
using Lines = std::vector<std::string>;

json phone_offer()
{
    json offer = json::parse(peer_offer());
    offer.erase("ice");
    offer.erase("bundle");
    offer["media"][0]["address"] = "127.0.0.1";
    offer["media"][0]["port"] = 5004;
    return offer;
}

/// A telephone has called and was answered.
struct Called : Rig {
    Called()
    {
        program->answers = true;
        request();
        signaling().invited(1, phone_offer().dump());
        settle();
    }

    /// What connectivity is told of it; "" if nothing.
    std::string after(const json& offer)
    {
        ice("media").remote.clear();
        signaling().listener().updated(1, offer.dump());
        settle();
        return ice("media").remote;
    }
};

const std::string kAt = "-\n-\n1 1 UDP 1 127.0.0.1 ";

TEST(PlainPhone, IsAnsweredWithAnAddressAndNotWithIce)
{
    Called rig;
    EXPECT_EQ(rig.told.back(), "media progress codecs_open");
    const json answer = json::parse(rig.signaling().answered_with);
    EXPECT_FALSE(answer.contains("ice")) << answer;
    EXPECT_EQ(answer["media"][0]["address"], "192.0.2.1");
    EXPECT_EQ(answer["media"][0]["port"], 1000);
    EXPECT_EQ(rig.ice("media").remote, kAt + "5004 typ host\n");
    rig.ice("media").candidate("H2 1 UDP 1 192.0.2.1 1001 typ host");
    rig.settle();
    EXPECT_TRUE(rig.signaling().infos.empty()) << "it knows nothing of candidates";
}

TEST(PlainPhone, WhoseDescriptionIsUnchangedChangesNothing)
{
    Called rig;
    EXPECT_EQ(rig.after(phone_offer()), "");
    EXPECT_EQ(rig.signaling().said.back(), "answer_update");
    EXPECT_FALSE(json::parse(rig.signaling().answered_with).contains("ice"));
}

TEST(PlainPhone, WhoseMediaMovesIsFollowed)
{
    Called rig;
    json offer = phone_offer();
    offer["media"][0]["port"] = 7000;
    EXPECT_EQ(rig.after(offer), kAt + "7000 typ host\n");
    EXPECT_EQ(rig.signaling().said.back(), "answer_update");
}

TEST(PlainPhone, MayHoldByTheAddressOfNobodyAndComeBack)
{
    Called rig;
    json held = phone_offer();
    held["media"][0]["address"] = "0.0.0.0";
    held["media"][0]["direction"] = "sendonly";
    EXPECT_EQ(rig.after(held), "-\n-\n") << "it stays where it is";
    EXPECT_EQ(json::parse(rig.signaling().answered_with)["media"][0]["direction"], "recvonly");
    EXPECT_EQ(rig.after(phone_offer()), kAt + "5004 typ host\n");
    EXPECT_EQ(json::parse(rig.signaling().answered_with)["media"][0]["direction"], "sendrecv");
}

TEST(PlainPhone, CannotBeginToDoIceInACall)
{
    Called rig;
    EXPECT_EQ(rig.after(json::parse(peer_offer())), "");
    EXPECT_EQ(rig.signaling().said.back(), "answer_update nothing");
}

/// peer_offer has no telephone events.
TEST(PlainPhone, WithoutTelephoneEventsIsToldOfKeysByInfoOneAfterTheOther)
{
    Called rig;
    rig.incoming.front()->send_digits("1#");
    rig.settle();
    EXPECT_EQ(rig.signaling().infos, (Lines{"Signal=1\r\nDuration=200\r\n"}));
    rig.advance(200ms);
    EXPECT_EQ(rig.signaling().infos.size(), 1U) << "the first is still pressed";
    rig.advance(50ms);
    EXPECT_EQ(rig.signaling().infos.size(), 1U) << "nobody has said yet that the first was heard";
    rig.signaling().waiting.back().succeed();
    rig.settle();
    EXPECT_EQ(rig.signaling().infos, (Lines{"Signal=1\r\nDuration=200\r\n", "Signal=#\r\nDuration=200\r\n"}));
}

TEST(PlainPhone, WhoseKeysAndCameraComeByInfoIsUnderstood)
{
    Called rig;
    const auto hears = [&](std::string_view type, const std::string& body) {
        const auto status =
            rig.signaling().listener().info(1, type, {reinterpret_cast<const std::uint8_t*>(body.data()), body.size()});
        rig.settle();
        return status;
    };
    EXPECT_EQ(hears("application/dtmf-relay", "Signal=5\r\nDuration=160\r\n"), JF_OK);
    EXPECT_EQ(rig.told.back(), "media progress digit");
    EXPECT_EQ(hears("application/media_control+xml", write_orientation(270)), JF_OK);
    EXPECT_EQ(rig.told.back(), "media progress rotation");
    const auto before = rig.told.size();
    EXPECT_NE(hears("application/dtmf-relay", "Signal=x\r\n"), JF_OK);
    EXPECT_NE(hears("application/media_control+xml", "<media_control/>"), JF_OK);
    EXPECT_NE(hears("application/something", "else"), JF_OK);
    EXPECT_EQ(rig.told.size(), before);
}

TEST(PlainPhone, MayAnswerAnOfferWithIce)
{
    Rig rig;
    rig.stage.script.ring = Play::waits;
    rig.call();
    rig.settle();
    const json offer = json::parse(rig.signaling().offered);
    ASSERT_TRUE(offer.contains("ice"));
    json answer = phone_offer();
    answer["media"][0]["rtp_component"] = offer["media"][0]["rtp_component"];
    answer["media"][0]["codecs"] = offer["media"][0]["codecs"];
    rig.signaling().listener().answered(rig.signaling().call, answer.dump());
    rig.settle();
    EXPECT_EQ(rig.ice("media").remote, kAt + "5004 typ host\n");
    EXPECT_EQ(rig.told.back(), "media progress codecs_open");
}

} // namespace
