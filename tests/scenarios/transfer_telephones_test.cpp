// A call is handed on with a telephone of others in one of the parts: baresip without Replaces, linphonec with it.
//
// Threads: the test's; the nodes run in this process and speak on their control threads.
#include "telephones.hpp"
#include "transfer_party.hpp"

#include <gtest/gtest.h>

namespace scenarios {
namespace {

using discovery_sip::testing::Kamailio;

/// Ours, with an account of plain SIP at that proxy.
std::shared_ptr<Party> telephone_party(World& world, const Kamailio& proxy, const std::string& user)
{
    write_file(world.folder() / "password", "secret\n");
    const Json slots{{"identity", {{"use", "identity-memory"}}},
                     {"discovery",
                      {{{"use", "discovery-sip"},
                        {"config",
                         {{"aor", "sip:" + user + "@example.net"},
                          {"registrar", proxy.address()},
                          {"transport", "udp"},
                          {"password_file", (world.folder() / "password").string()}}}}}},
                     {"connectivity", {{"use", "ice-direct"}, {"config", {{"addresses", {"127.0.0.1"}}}}}},
                     {"signaling", {{"use", "signaling-sip"}, {"config", {{"ice", false}}}}},
                     {"media_transport", {{"use", "media-plain"}, {"config", {{"insecure", true}}}}},
                     {"codec", {{{"use", "codec-g711"}}}},
                     {"media_source", {{{"use", "media-test"}}}},
                     {"media_sink", {{{"use", "media-null"}}}}};
    return party(world.configure(user, {.call = {{"bundle", "never"}}, .slots = slots}));
}

class TelephoneTransfers : public ::testing::Test {
protected:
    void SetUp() override
    {
        if (!Kamailio::installed() || !Baresip::installed())
            GTEST_SKIP() << "no kamailio or no baresip here: tools/install-deps installs them";
        ASSERT_TRUE(proxy_.started()) << proxy_.log();
        alice = telephone_party(world_, proxy_, "alice");
        ASSERT_TRUE(alice->hears("announced"));
        ASSERT_TRUE(bare_.listen()) << bare_.phone().all();
        ASSERT_TRUE(third_.listen()) << third_.phone().all();
        call_ = alice->node->call("sip:bare@example.net", alice->plan, alice);
        ASSERT_TRUE(alice->hears(R"("what":"first_audio")"));
    }
    void TearDown() override
    {
        if (!alice)
            return;
        alice->leave();
        if (HasFailure())
            std::cerr << "alice heard\n"
                      << alice->all() << "bare said\n"
                      << bare_.phone().all() << "third said\n"
                      << third_.phone().all();
        alice->node.reset();
    }

    Kamailio proxy_{"MD5"};
    World world_{false};
    Baresip bare_{world_.folder() / "bare", proxy_.address(), ";answermode=auto;call_transfer=yes"};
    Baresip third_{world_.folder() / "third", proxy_.address(), ";answermode=auto", "third"};
    std::shared_ptr<Party> alice;
    std::shared_ptr<Call> call_;
};

TEST_F(TelephoneTransfers, WeSendATelephoneToAnother)
{
    alice->node->transfer(call_, "sip:third@example.net");
    EXPECT_TRUE(bare_.phone().says("transferring call"));
    EXPECT_TRUE(alice->hears("transfer 200 done"));
    EXPECT_TRUE(alice->hears("ended with sip:bare@example.net ok here transferred sound"));
    EXPECT_TRUE(third_.phone().says("Call established"));
}

TEST_F(TelephoneTransfers, WeSendATelephoneToNobodyAndGoOn)
{
    alice->node->transfer(call_, "sip:nobody@example.net");
    EXPECT_TRUE(alice->hears("transfer 404 failed"));
    alice->node->hang_up(call_);
    EXPECT_TRUE(alice->hears("ended with sip:bare@example.net ok here  sound"));
}

TEST_F(TelephoneTransfers, ATelephoneSendsUsToAnother)
{
    ASSERT_TRUE(bare_.say("transfer", "sip:third@example.net"));
    EXPECT_TRUE(alice->hears("referred sip:third@example.net"));
    EXPECT_TRUE(third_.phone().says("Call established"));
    EXPECT_TRUE(alice->hears("ended with sip:bare@example.net ok by the peer"));
    const auto call = alice->call();
    ASSERT_TRUE(call);
    EXPECT_EQ(call->peer_account, "sip:third@example.net");
    ASSERT_TRUE(alice->hears(call->id + R"( {"codec":)")) << "a second of it was counted";
    alice->node->hang_up(call);
    EXPECT_TRUE(alice->hears("ended with sip:third@example.net ok here  sound"));
}

TEST_F(TelephoneTransfers, ATelephoneHearsThatWeDoNotWantTo)
{
    alice->follows = false;
    ASSERT_TRUE(bare_.say("transfer", "sip:third@example.net"));
    EXPECT_TRUE(bare_.phone().says("transfer failed: 603"));
    alice->node->hang_up(call_); // or it does, which has nothing more to say
    EXPECT_TRUE(alice->hears("ended with sip:bare@example.net ok"));
}

TEST_F(TelephoneTransfers, ATelephoneThatKnowsNoReplacesIsNotRungASecondTime)
{
    const auto carol = telephone_party(world_, proxy_, "carol");
    ASSERT_TRUE(carol->hears("announced"));
    const auto second = alice->node->call("sip:carol@example.net", alice->plan, alice);
    ASSERT_TRUE(alice->call(2));
    alice->node->transfer(second, call_);
    EXPECT_TRUE(carol->hears("referred sip:bare@example.net"));
    EXPECT_TRUE(alice->hears(" failed")) << "420, which is what Require is for";
    EXPECT_TRUE(carol->hears("heard again"));
    alice->node->hang_up(call_);
    EXPECT_TRUE(alice->hears("ended with sip:bare@example.net ok here  sound"));
    alice->node->hang_up(second);
    EXPECT_TRUE(carol->hears("ended with sip:alice@example.net ok by the peer"));
    carol->leave();
    carol->node.reset();
}

/// linphonec knows Replaces, in every part.
class LinphoneTransfers : public ::testing::Test {
protected:
    void SetUp() override
    {
        if (!Kamailio::installed() || !Linphone::installed())
            GTEST_SKIP() << "no kamailio or no linphonec here: tools/install-deps installs them";
        ASSERT_TRUE(proxy_.started()) << proxy_.log();
        phone_ = std::make_unique<Linphone>(world_.folder() / "lin", proxy_.address());
        ASSERT_TRUE(phone_->registered()) << phone_->phone().all();
        for (auto* one : {&alice, &carol}) {
            *one = telephone_party(world_, proxy_, one == &alice ? "alice" : "carol");
            ASSERT_TRUE((*one)->hears("announced"));
        }
    }
    void TearDown() override
    {
        for (const auto& one : {alice, carol}) {
            if (!one)
                continue;
            one->leave();
            if (HasFailure())
                std::cerr << one->account << " heard\n" << one->all();
            one->node.reset();
        }
        if (HasFailure() && phone_)
            std::cerr << "lin said\n" << phone_->phone().all() << "the proxy said\n" << proxy_.log();
    }

    static constexpr const char* kLin = "sip:lin@example.net";
    static constexpr const char* kAlice = "sip:alice@example.net";
    static constexpr const char* kCarol = "sip:carol@example.net";

    Kamailio proxy_{"MD5"};
    World world_{false};
    std::unique_ptr<Linphone> phone_;
    std::shared_ptr<Party> alice, carol;
};

TEST_F(LinphoneTransfers, ATelephoneTakesOurPlaceInACallWithOneOfOurs)
{
    const auto lin = alice->node->call(kLin, alice->plan, alice);
    ASSERT_TRUE(alice->call());
    const auto second = alice->node->call(kCarol, alice->plan, alice);
    ASSERT_TRUE(alice->call(2));
    ASSERT_TRUE(carol->hears(R"("what":"first_audio")"));
    const auto replaced = carol->call()->id;
    alice->node->transfer(lin, second);
    EXPECT_TRUE(carol->hears(std::string("incoming from ") + kLin + " by " + kAlice + " in place of " + replaced));
    EXPECT_TRUE(carol->ever_hears(std::string("ended with ") + kAlice + " ok here replaced"));
    EXPECT_TRUE(alice->ever_hears("transfer 200 done"));
    EXPECT_TRUE(alice->ever_hears(std::string("ended with ") + kCarol + " ok by the peer"));
    ASSERT_TRUE(carol->call());
    EXPECT_EQ(carol->call()->peer_account, kLin);
    EXPECT_EQ(carol->all().find(std::string("rings with ") + kLin), std::string::npos);
}

TEST_F(LinphoneTransfers, OneOfOursTakesOurPlaceInACallWithATelephone)
{
    const auto first = alice->node->call(kCarol, alice->plan, alice);
    ASSERT_TRUE(alice->call());
    const auto lin = alice->node->call(kLin, alice->plan, alice);
    ASSERT_TRUE(alice->call(2));
    ASSERT_TRUE(phone_->phone().says("Media streams established"));
    alice->node->transfer(first, lin);
    EXPECT_TRUE(carol->hears(std::string("referred ") + kLin));
    EXPECT_TRUE(alice->ever_hears("transfer 200 done"));
    EXPECT_TRUE(alice->ever_hears(std::string("ended with ") + kLin + " ok by the peer"));
    EXPECT_TRUE(carol->ever_hears(std::string("ended with ") + kAlice + " ok by the peer"));
    ASSERT_TRUE(carol->call());
    EXPECT_EQ(carol->call()->peer_account, kLin);
}

TEST_F(LinphoneTransfers, ATelephoneConnectsTwoOfOurs)
{
    phone_->say(std::string("call ") + kAlice);
    ASSERT_TRUE(alice->call());
    ASSERT_TRUE(phone_->phone().says("Media streams established"));
    phone_->say("pause");
    ASSERT_TRUE(alice->hears("held"));
    phone_->say(std::string("call ") + kCarol);
    ASSERT_TRUE(carol->call());
    ASSERT_TRUE(phone_->phone().says(std::string("Media streams established with ") + kCarol));
    phone_->say("transfer 1 --to-call 2");
    EXPECT_TRUE(alice->hears(std::string("referred ") + kCarol));
    EXPECT_TRUE(carol->hears(std::string("incoming from ") + kAlice + " by " + kLin + " in place of "));
    EXPECT_TRUE(carol->ever_hears(std::string("ended with ") + kLin + " ok"));
    EXPECT_TRUE(alice->ever_hears(std::string("ended with ") + kLin + " ok"));
    ASSERT_TRUE(alice->call());
    EXPECT_EQ(alice->call()->peer_account, kCarol);
}

} // namespace
} // namespace scenarios
