// A call is handed on: alice talks to bob and sends him to carol, with everything that is real between them. And the
// same with a telephone of others, in both parts.
//
// Threads: the test's; the nodes run in this process and speak on their control threads.
#include "heard_lines.hpp"
#include "telephones.hpp"

#include "kernel/node/node.hpp"

#include <gtest/gtest.h>

namespace scenarios {
namespace {

using namespace jackfield::kernel;
using discovery_sip::testing::Kamailio;

/// One end, and what it has heard so far, one line an event: "held", "transfer 180", "referred ..".
class Party final : public HeardLines,
                    public NodeListener,
                    public CallListener,
                    public std::enable_shared_from_this<Party> {
public:
    void timeline(const TimelineEvent& event) override
    {
        hear("timeline " + std::string(name_of(event.step)) + " " + event.call + " " + event.detail_json);
    }
    IncomingPlan incoming(const IncomingCall& call) override
    {
        hear("incoming from " + call.peer_account + (call.referred_by.empty() ? "" : " by " + call.referred_by) +
             (call.replaces.empty() ? "" : " in place of " + call.replaces));
        if (busy)
            return {{}, nullptr, JF_REASON_BUSY};
        return {plan, shared_from_this(), std::nullopt};
    }
    void ringing(Call& ringing) override
    {
        hear("rings with " + ringing.peer_account);
        if (ringing.side == Side::callee)
            ringing.answer();
    }
    void answered(Call& answered) override
    {
        const std::lock_guard lock(mutex_);
        calls_.push_back(answered.shared_from_this());
        changed_.notify_all();
    }
    void held(Call&, bool held) override { hear(held ? "held" : "heard again"); }
    void referred(Call&, const std::shared_ptr<Referral>& referral) override
    {
        hear("referred " + referral->target);
        if (considers)
            considered = referral;
        else if (follows)
            node->follow(referral, plan, shared_from_this());
        else
            referral->refuse();
    }
    void transfer_progressed(Call&, const TransferProgress& progress) override
    {
        hear("transfer " + std::to_string(progress.code) +
             (progress.over ? progress.succeeded ? " done" : " failed" : ""));
    }
    void ended(Call& call, const CallEnd& how) override
    {
        {
            const std::lock_guard lock(mutex_);
            std::erase_if(calls_, [&](const auto& one) { return one.get() == &call; });
        }
        const Json statistics = Json::parse(how.statistics, nullptr, false);
        const bool sound = how.answered && statistics["streams"][0].value("frames_decoded", 0) > 0 &&
                           statistics["streams"][0].value("packets_lost", -1) == 0;
        hear("ended with " + call.peer_account + " " + std::string(status_word(how.error.status)) +
             (how.by_peer ? " by the peer " : " here ") + how.error.text + (sound ? " sound" : " no sound"));
    }

    /// The last that was answered.
    std::shared_ptr<Call> call(std::size_t at_least = 1)
    {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, 20s, [&] { return calls_.size() >= at_least; });
        return calls_.empty() ? nullptr : calls_.back();
    }

    MediaPlan plan{"test", "null", true, false, false};
    bool busy = false;
    bool follows = true;
    bool considers = false;
    std::shared_ptr<Referral> considered; // the test's, once "referred" was heard
    std::unique_ptr<Node> node;
    std::string account;

    void leave()
    {
        if (node)
            node->stop();
        const std::lock_guard lock(mutex_);
        calls_.clear(); // they hold us
    }

private:
    std::vector<std::shared_ptr<Call>> calls_;
};

std::shared_ptr<Party> party(const std::string& file)
{
    const auto made = std::make_shared<Party>();
    auto node = Node::create(*load_config(file), made);
    if (!node)
        throw std::runtime_error(node.error().text);
    made->node = std::move(*node);
    const auto ids = made->node->start();
    if (!ids)
        throw std::runtime_error(ids.error().text);
    made->account = ids->account_id;
    return made;
}

class Transfers : public ::testing::TestWithParam<const char*> {
protected:
    Transfers()
    {
        const PeerOptions options{.slots = {{"signaling", {{"use", GetParam()}}}}};
        for (auto* one : {&alice, &bob, &carol}) {
            *one = party(world_.configure(one == &alice ? "alice" : one == &bob ? "bob" : "carol", options));
            (*one)->hears("announced");
        }
    }
    ~Transfers() override
    {
        for (const auto& one : {alice, bob, carol}) {
            one->leave();
            if (HasFailure())
                std::cerr << one->account << " heard\n" << one->all();
            one->node.reset();
        }
    }

    /// Alice calls bob; sound flows both ways.
    void talk()
    {
        call_ = alice->node->call(bob->account, alice->plan, alice);
        ASSERT_TRUE(alice->hears(R"("what":"first_audio")"));
        ASSERT_TRUE(bob->hears(R"("what":"first_audio")"));
    }

    World world_;
    std::shared_ptr<Party> alice, bob, carol;
    std::shared_ptr<Call> call_;
};

TEST_P(Transfers, TheSoundGoesOnWithSomebodyElse)
{
    talk();
    alice->node->transfer(call_, carol->account);
    EXPECT_TRUE(bob->hears("referred " + carol->account));
    EXPECT_TRUE(alice->hears("transfer 180"));
    EXPECT_TRUE(alice->hears("transfer 200 done"));
    EXPECT_TRUE(alice->hears("ended with " + bob->account + " ok here transferred sound"));
    EXPECT_TRUE(bob->hears("ended with " + alice->account + " ok by the peer"));
    ASSERT_TRUE(carol->hears(R"("what":"first_audio")"));
    const auto call = bob->call();
    ASSERT_TRUE(call);
    EXPECT_EQ(call->peer_account, carol->account);
    ASSERT_TRUE(bob->hears(call->id + R"( {"codec":)")) << "a second of it was counted";
    bob->node->hang_up(call);
    EXPECT_TRUE(bob->hears("ended with " + carol->account + " ok here  sound"));
    EXPECT_TRUE(carol->hears("ended with " + bob->account + " ok by the peer  sound"));
}

TEST_P(Transfers, WhoIsBusyLeavesTheOthersTalking)
{
    carol->busy = true;
    talk();
    alice->node->transfer(call_, carol->account);
    EXPECT_TRUE(bob->hears("held"));
    EXPECT_TRUE(alice->hears("transfer 486 failed"));
    EXPECT_TRUE(bob->hears("heard again"));
    ASSERT_TRUE(bob->call());
    EXPECT_EQ(bob->call()->peer_account, alice->account);
    alice->node->hang_up(call_);
    EXPECT_TRUE(alice->hears("ended with " + bob->account + " ok here  sound"));
    EXPECT_TRUE(bob->hears("ended with " + alice->account + " ok by the peer  sound"));
}

TEST_P(Transfers, WhoDoesNotWantItStays)
{
    bob->follows = false;
    talk();
    alice->node->transfer(call_, carol->account);
    EXPECT_TRUE(alice->hears("failed"));
    alice->node->transfer(call_, carol->account);
    EXPECT_TRUE(alice->hears("failed")) << "it can be asked again";
    alice->node->hang_up(call_);
    EXPECT_TRUE(alice->hears("ended with " + bob->account + " ok here  sound"));
}

/// Alice talks to bob, then to carol as well.
class AttendedTransfers : public Transfers {
protected:
    void talk_to_both()
    {
        talk();
        second_ = alice->node->call(carol->account, alice->plan, alice);
        ASSERT_TRUE(carol->hears(R"("what":"first_audio")"));
        ASSERT_TRUE(alice->call(2));
    }

    std::shared_ptr<Call> second_;
};

TEST_P(AttendedTransfers, TheSoundGoesOnWithSomebodyElseAndNothingRings)
{
    talk_to_both();
    const auto replaced = carol->call()->id;
    alice->node->transfer(call_, second_);
    EXPECT_TRUE(bob->hears("referred " + carol->account));
    EXPECT_TRUE(carol->hears("incoming from " + bob->account + " by " + alice->account + " in place of " + replaced));
    EXPECT_TRUE(alice->ever_hears("transfer 200 done"));
    EXPECT_TRUE(alice->ever_hears("ended with " + bob->account + " ok here transferred sound"));
    EXPECT_TRUE(alice->ever_hears("ended with " + carol->account + " ok by the peer  sound"));
    EXPECT_TRUE(carol->ever_hears("ended with " + alice->account + " ok here replaced sound"));
    EXPECT_TRUE(bob->ever_hears("ended with " + alice->account + " ok by the peer"));
    const auto call = bob->call();
    ASSERT_TRUE(call);
    EXPECT_EQ(call->peer_account, carol->account);
    ASSERT_TRUE(bob->hears(call->id + R"( {"codec":)")) << "a second of it was counted";
    bob->node->hang_up(call);
    EXPECT_TRUE(bob->hears("ended with " + carol->account + " ok here  sound"));
    EXPECT_TRUE(carol->hears("ended with " + bob->account + " ok by the peer  sound"));
    EXPECT_EQ(alice->all().find("transfer 180"), std::string::npos);
    EXPECT_EQ(carol->all().find("rings with " + bob->account), std::string::npos);
}

TEST_P(AttendedTransfers, ToACallThatIsOverFindNothingAndTheOtherGoesOn)
{
    bob->considers = true;
    talk_to_both();
    alice->node->transfer(call_, second_);
    ASSERT_TRUE(bob->hears("referred " + carol->account));
    alice->node->hang_up(second_);
    ASSERT_TRUE(carol->hears("ended with " + alice->account + " ok by the peer"));
    bob->node->follow(bob->considered, bob->plan, bob);
    EXPECT_TRUE(alice->hears("transfer 481 failed"));
    EXPECT_EQ(carol->all().find("incoming from " + bob->account), std::string::npos) << "nobody is asked";
    EXPECT_TRUE(bob->hears("heard again"));
    alice->node->hang_up(call_);
    EXPECT_TRUE(alice->hears("ended with " + bob->account + " ok here  sound"));
}

TEST_P(AttendedTransfers, ThatCarolDoesNotWantLeaveBothCalls)
{
    talk_to_both();
    carol->busy = true;
    alice->node->transfer(call_, second_);
    EXPECT_TRUE(alice->hears("transfer 486 failed"));
    EXPECT_TRUE(bob->hears("heard again"));
    alice->node->hang_up(call_);
    alice->node->hang_up(second_);
    EXPECT_TRUE(alice->hears("ended with " + bob->account + " ok here  sound"));
    EXPECT_TRUE(alice->hears("ended with " + carol->account + " ok here  sound"));
}

INSTANTIATE_TEST_SUITE_P(Signaling, AttendedTransfers, ::testing::Values("signaling-sip", "signaling-json"),
                         [](const auto& one) {
                             std::string name = one.param;
                             std::erase(name, '-');
                             return name;
                         });

INSTANTIATE_TEST_SUITE_P(Signaling, Transfers, ::testing::Values("signaling-sip", "signaling-json"),
                         [](const auto& one) {
                             std::string name = one.param;
                             std::erase(name, '-');
                             return name;
                         });

// --- as programs -----------------------------------------------------------------------------------------------------

class ProgramTransfers : public ::testing::Test {
protected:
    ProgramTransfers()
    {
        for (const char* name : {"alice", "bob", "carol"})
            world_.configure(name);
        alice = party(world_.configure("alice"));
    }
    ~ProgramTransfers() override
    {
        alice->leave();
        if (HasFailure())
            std::cerr << "alice heard\n" << alice->all();
        alice->node.reset();
    }
    void talk()
    {
        call_ = alice->node->call(world_.account("bob"), alice->plan, alice);
        ASSERT_TRUE(alice->hears(R"("what":"first_audio")"));
    }

    World world_;
    std::shared_ptr<Party> alice;
    std::shared_ptr<Call> call_;
};

TEST_F(ProgramTransfers, AreFollowedWhereThatIsWanted)
{
    const auto bob = world_.listen("bob", {"--answer", "--once", "--send", "test", "--transfers", "follow"});
    const auto carol = world_.listen("carol", {"--answer", "--once", "--send", "test"});
    talk();
    alice->node->transfer(call_, world_.account("carol"));
    EXPECT_TRUE(alice->hears("transfer 200 done"));
    EXPECT_TRUE(alice->hears("ok here transferred sound"));
    EXPECT_FALSE(carol->event("media", "progress", "first_audio").is_null());
    EXPECT_FALSE(carol->event("media", "progress", "statistics").is_null());
    bob->interrupt();
    EXPECT_EQ(carol->exit_code(), 0);
}

TEST_F(ProgramTransfers, AreRefusedWhereNobodyCanSayYes)
{
    const auto bob = world_.listen("bob", {"--answer", "--once", "--send", "test"});
    talk();
    alice->node->transfer(call_, std::string(64, 'c'));
    EXPECT_TRUE(alice->hears("transfer 603 failed"));
    alice->node->hang_up(call_);
    EXPECT_EQ(bob->exit_code(), 0);
}

// --- with telephones of others ---------------------------------------------------------------------------------------

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
    alice->node->hang_up(call_);
    EXPECT_TRUE(alice->hears("ended with sip:bare@example.net ok here  sound"));
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
