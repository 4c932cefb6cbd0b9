// A call is handed on: alice talks to bob and sends him to carol, or connects the two, with everything that is real
// between them.
//
// Threads: the test's; the nodes run in this process and speak on their control threads.
#include "transfer_party.hpp"
#include "world.hpp"

#include <gtest/gtest.h>

namespace scenarios {
namespace {

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

} // namespace
} // namespace scenarios
