// A peer that is killed in the middle of setting up a call: at each step the survivor says where it ended, within its
// limit, and takes the next call.

#include "world.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <set>

namespace {

using namespace scenarios;

constexpr int kLimitSeconds = 3; // of the configuration, for a link

class Killed : public ::testing::Test {
protected:
    Killed()
    {
        const Json call{{"connect_timeout_s", kLimitSeconds}};
        world_.configure("bob", {.call = call});
        world_.configure("alice", {.call = call});
        bob_account_ = world_.account("bob");
    }

    /// Alice's call ended at one of those steps, in words, and no later than it may.
    void expect_end(Process& alice, const std::set<std::string>& steps)
    {
        const Json end = alice.call_end(20s);
        ASSERT_FALSE(end.is_null()) << "it never ended";
        EXPECT_TRUE(steps.contains(end.value("failed_step", ""))) << end;
        EXPECT_NE(end.value("status", ""), "") << end;
        EXPECT_NE(end.value("text", ""), "") << end;
        EXPECT_NE(alice.exit_code(), 0);
    }

    /// Bob takes calls: one of another process of alice's goes through.
    void expect_call_goes_through(const std::string& where)
    {
        const auto alice = world_.call("alice", bob_account_, {"--audio-only", "--for", "0.1"});
        EXPECT_EQ(alice->exit_code(), 0) << "after a peer was killed at " << where << ": " << alice->call_end(1s);
    }

    World world_;
    std::string bob_account_;
};

TEST_F(Killed, ACalleeBeforeItHeardTheRequestEndsTheCallAtTheAnswer)
{
    const auto bob = world_.listen("bob", {"--answer"});
    ::kill(bob->pid(), SIGSTOP); // it was announced, and hears nothing more
    const auto alice = world_.call("alice", bob_account_);
    ASSERT_FALSE(alice->event("request", "done").is_null());
    bob->kill();
    expect_end(*alice, {"answer"});
    EXPECT_EQ(alice->call_end()["status"], "timeout");
}

TEST_F(Killed, ACalleeAfterItsAnswerEndsTheCallOnTheWayToIt)
{
    const auto bob = world_.listen("bob", {"--answer"});
    const auto alice = world_.call("alice", bob_account_);
    ASSERT_FALSE(bob->event("answer", "done").is_null());
    bob->kill();
    expect_end(*alice, {"answer", "connectivity", "secure_channel"});
}

// The handshake takes a few milliseconds: whether it is over when the signal arrives is for the machine to say.
TEST_F(Killed, ACalleeWhosePathIsUpEndsTheCallInTheHandshakeOrSoonAfter)
{
    const auto bob = world_.listen("bob", {"--ask"});
    const auto alice = world_.call("alice", bob_account_);
    ASSERT_FALSE(alice->event("connectivity", "done").is_null());
    bob->kill();
    expect_end(*alice, {"connectivity", "secure_channel", "signaling"});
}

TEST_F(Killed, ACalleeAfterTheInvitationEndsTheCallInSignaling)
{
    const auto bob = world_.listen("bob", {"--ask"});
    const auto alice = world_.call("alice", bob_account_);
    ASSERT_FALSE(alice->event("signaling", "start").is_null());
    bob->kill();
    expect_end(*alice, {"signaling"});
}

TEST_F(Killed, ACallerAtAnyStepLeavesTheCalleeReadyForTheNextCall)
{
    const auto bob = world_.listen("bob", {"--answer"});
    for (const auto& [step, moment] :
         {std::pair{"request", "done"}, std::pair{"connectivity", "done"}, std::pair{"signaling", "start"}}) {
        {
            const auto alice = world_.call("alice", bob_account_, {"--audio-only"});
            ASSERT_FALSE(alice->event(step, moment).is_null()) << step;
            alice->kill();
        }
        expect_call_goes_through(step);
    }
}

} // namespace
