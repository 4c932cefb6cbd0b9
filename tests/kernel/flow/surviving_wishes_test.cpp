// What somebody wants of a running call comes true although its way to the peer changes at that moment.

#include "tests/kernel/doubles/multiplexer.hpp"
#include "tests/kernel/flow/recovery_flow.hpp"

namespace {

using namespace jackfield::doubles;
using namespace jackfield::kernel;
using Json = nlohmann::json;
using Lines = std::vector<std::string>;

class AWish : public Recovers {
protected:
    explicit AWish(const RigOptions& options = {.multiplexer = true}) : Recovers(options) {}

    void hold(bool on)
    {
        MediaChange change;
        change.hold = on;
        call_->change(change);
        rig_.settle();
    }
    static std::string with_direction(const std::string& description, const std::string& direction)
    {
        auto document = Json::parse(description);
        document["media"][0]["direction"] = direction;
        return document.dump();
    }
    std::string ufrag_of(const std::string& description) { return Json::parse(description)["ice"]["ufrag"]; }

    /// The peer takes what was offered.
    void peer_agrees(const std::string& direction)
    {
        signaling().update_answered(with_direction(peer_answer(signaling().offered), direction));
        rig_.settle();
    }
};

// --- offers of both, one of them a restart
// -----------------------------------------------------------------------------

TEST_F(AWish, OfThePeerIsAnsweredWithTheOldCredentialsWhileARestartOfOursIsOnItsWay)
{
    call();
    const std::string before = ufrag_of(signaling().offered);
    const std::string peer_says = with_direction(peer_answer(signaling().offered), "sendonly");
    const std::string remote = media().remote;
    lose_consent();
    ASSERT_EQ(offers(), 1U);
    signaling().updated(peer_says);
    rig_.settle();
    EXPECT_EQ(ufrag_of(signaling().answered_with), before) << "an answer begins nothing anew";
    EXPECT_EQ(media().remote, remote);
    EXPECT_FALSE(told("media progress reconnected"));
    signaling().update_answered(""); // what we offered was made for what the call was before
    rig_.settle();
    ASSERT_EQ(offers(), 2U);
    EXPECT_NE(ufrag_of(signaling().offered), before);
    peer_follows();
    EXPECT_TRUE(told("media progress reconnected")) << rig_.told.back();
}

TEST_F(AWish, OfOursSurvivesAnAnswerThatSpeaksOfARestartToCome)
{
    call();
    const std::string remote = media().remote;
    hold(true);
    signaling().update_answered(anew(with_direction(peer_answer(signaling().offered), "recvonly")));
    rig_.settle();
    EXPECT_EQ(rig_.program->ends, 0);
    EXPECT_TRUE(told("media progress media_changed"));
    EXPECT_EQ(media().remote, remote);
    signaling().updated(anew(peer_answer(signaling().offered)));
    rig_.settle();
    EXPECT_EQ(media().restarts, 1);
    EXPECT_TRUE(media().remote.starts_with("qqqq"));
}

TEST_F(AWish, ForARestartIsFulfilledByThePeers)
{
    call();
    lose_consent();
    ASSERT_EQ(offers(), 1U);
    signaling().updated(anew(peer_answer(signaling().offered)));
    rig_.settle();
    EXPECT_TRUE(media().remote.starts_with("qqqq"));
    signaling().update_answered("");
    rig_.settle();
    EXPECT_EQ(offers(), 1U) << "both have begun anew";
    EXPECT_EQ(media().restarts, 1);
    EXPECT_TRUE(told("media progress reconnected")) << rig_.told.back();
}

// --- one after the other
// -----------------------------------------------------------------------------------------------

class AWishOverChannels : public AWish {
protected:
    AWishOverChannels() : AWish({.over_channels = true}) {}

    std::string over_channel(const std::string& name)
    {
        auto document = Json::parse(peer_answer(signaling().offered));
        document["media"][0]["channel"] = name;
        return document.dump();
    }
};

TEST_F(AWishOverChannels, OfThePeerWaitsUntilTheOneBeforeIsConnected)
{
    call();
    rig_.stage.script.channel = Play::waits;
    signaling().updated(over_channel("media-8"));
    rig_.settle();
    ASSERT_EQ(signaling().said.back(), "answer_update");
    signaling().answered_with.clear();
    signaling().updated(with_direction(over_channel("media-8"), "sendonly"));
    rig_.settle();
    EXPECT_EQ(signaling().answered_with, "") << "its turn comes";
    rig_.stage.get<MultiplexerDouble::Session>("multiplexer").give();
    rig_.settle();
    ASSERT_NE(signaling().answered_with, "");
    EXPECT_EQ(Json::parse(signaling().answered_with)["media"][0]["direction"], "recvonly");
}

// --- silence
// -----------------------------------------------------------------------------------------------------------

TEST_F(AWish, ToHoldIsNoSilence)
{
    call();
    rig_.stage.get<MediaTransportDouble::Session>("transport").listener().arrived(0);
    signaling().updated(with_direction(peer_answer(signaling().offered), "sendonly"));
    rig_.settle();
    const int pings = rig_.multiplexer().pings;
    for (int i = 0; i < 10; ++i)
        rig_.advance(1s);
    EXPECT_EQ(rig_.multiplexer().pings, pings) << "who holds a call has nothing to say";
    EXPECT_FALSE(told(kReconnecting));
    signaling().updated(with_direction(peer_answer(signaling().offered), "sendrecv"));
    rig_.settle();
    rig_.advance(1s);
    rig_.advance(3s);
    EXPECT_TRUE(told(kReconnecting)) << "and who goes on with it has";
}

// --- said beside the media
// -----------------------------------------------------------------------------------------------

TEST_F(AWish, ThatALinkTookWithItIsSaidAgainOverTheNext)
{
    call();
    call_->rotate(90);
    rig_.settle();
    ASSERT_EQ(signaling().infos.size(), 1U);
    const std::string said = signaling().infos[0];
    break_link();
    EXPECT_EQ(signaling().infos, Lines{said});
    signaling().waiting.back().succeed();
    rig_.settle();
    lose_consent();
    EXPECT_EQ(signaling().infos, Lines{said}) << "once";
}

TEST_F(AWish, ThatThePeerDoesNotUnderstandIsNotSaidAgain)
{
    call();
    call_->rotate(90);
    rig_.settle();
    signaling().waiting.back().fail(JF_REFUSED, "");
    rig_.settle();
    break_link();
    EXPECT_TRUE(signaling().infos.empty());
}

TEST_F(AWish, ForADigitWaitsForTheOneBefore)
{
    call();
    call_->send_digits("5#");
    rig_.settle();
    rig_.advance(1s);
    ASSERT_EQ(signaling().infos.size(), 1U);
    break_link();
    ASSERT_EQ(signaling().infos.size(), 1U) << "the first, again";
    EXPECT_NE(signaling().infos[0].find("Signal=5\r\n"), std::string::npos);
    EXPECT_NE(signaling().infos[0].find("Number=1\r\n"), std::string::npos);
    signaling().waiting.back().succeed();
    rig_.settle();
    ASSERT_EQ(signaling().infos.size(), 2U);
    EXPECT_NE(signaling().infos[1].find("Signal=#\r\n"), std::string::npos);
    EXPECT_NE(signaling().infos[1].find("Number=2\r\n"), std::string::npos);
}

TEST_F(AWish, ForADigitIsHeardOnceHoweverOftenItIsSaid)
{
    call();
    const auto press = [&](const std::string& body) {
        EXPECT_EQ(signaling().listener().info(signaling().call, "application/dtmf-relay",
                                              {reinterpret_cast<const std::uint8_t*>(body.data()), body.size()}),
                  JF_OK);
    };
    const auto heard = [&] {
        return std::ranges::count_if(rig_.told, [](const auto& line) { return line == "media progress digit"; });
    };
    press("Signal=5\r\nDuration=160\r\nNumber=1\r\n");
    press("Signal=5\r\nDuration=160\r\nNumber=1\r\n");
    EXPECT_EQ(heard(), 1);
    press("Signal=5\r\nDuration=160\r\nNumber=2\r\n");
    EXPECT_EQ(heard(), 2);
    press("Signal=5\r\nDuration=160\r\n");
    press("Signal=5\r\nDuration=160\r\n");
    EXPECT_EQ(heard(), 4) << "telephones do not number them";
}

// --- to hang up
// ----------------------------------------------------------------------------------------------------------

class AGoodbyeInMedia : public AWish {
protected:
    void say_goodbye(jackfield::Status status = JF_OK)
    {
        rig_.stage.get<MediaTransportDouble::Session>("transport").listener().ended(status, "the peer said goodbye");
        rig_.settle();
    }
};

TEST_F(AGoodbyeInMedia, EndsACallWhoseWayIsLost)
{
    call();
    rig_.stage.script.tcp = rig_.stage.script.udp = Play::waits;
    break_link();
    ASSERT_TRUE(told(kReconnecting));
    say_goodbye();
    EXPECT_EQ(rig_.program->ends, 1);
    EXPECT_EQ(rig_.program->end.error.status, JF_OK);
    EXPECT_TRUE(rig_.program->end.by_peer);
}

TEST_F(AGoodbyeInMedia, LeavesTheLastWordToALinkThatLives)
{
    call();
    const int pings = rig_.multiplexer().pings;
    say_goodbye();
    EXPECT_EQ(rig_.program->ends, 0) << "the peer's BYE says why";
    EXPECT_EQ(rig_.multiplexer().pings, pings + 1);
    say_goodbye();
    EXPECT_EQ(rig_.multiplexer().pings, pings + 1) << "once";
}

TEST_F(AGoodbyeInMedia, EndsACallWhoseLinkIsFoundDead)
{
    call();
    rig_.stage.script.pong = Play::fails;
    say_goodbye();
    EXPECT_EQ(rig_.program->ends, 1);
    EXPECT_EQ(rig_.program->end.error.status, JF_OK);
}

TEST_F(AGoodbyeInMedia, IsNotAPathThatEnds)
{
    call();
    rig_.stage.script.tcp = rig_.stage.script.udp = Play::waits;
    break_link();
    say_goodbye(JF_CLOSED);
    EXPECT_EQ(rig_.program->ends, 0);
}

} // namespace
