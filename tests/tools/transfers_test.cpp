// A call that is handed on at the keyboard: alice wants bob to call carol instead.

#include "tests/tools/two_peers.hpp"

#include <gtest/gtest.h>

#include <csignal>

namespace {

using namespace jackfield::test;

class Transfers : public ::testing::Test {
protected:
    /// Bob listens, and knows where carol is.
    void begin(const std::vector<std::string>& more = {"--answer", "--commands"}, const How& how = {})
    {
        carol_ = peers_.carol_listens({"--answer"});
        bob_ = peers_.bob_listens(more, how);
    }

    TwoPeers peers_;
    std::unique_ptr<RunningProgram> carol_;
    std::unique_ptr<RunningProgram> bob_;
};

TEST_F(Transfers, AreAskedForByACommandAndFollowedByAnother)
{
    begin();
    const auto alice = peers_.alice_calls({"--commands"});
    ASSERT_TRUE(alice->says("media")) << alice->out();
    alice->type("transfer " + peers_.carol_account() + "\n");
    ASSERT_TRUE(bob_->says("follow does that, stay does not")) << bob_->out();
    bob_->type("follow\n");
    EXPECT_TRUE(alice->says("the peer talks to whom it was asked to call")) << alice->out();
    EXPECT_EQ(alice->exit_code(), 0) << alice->out();
    EXPECT_TRUE(carol_->says("call from " + peers_.bob_account())) << carol_->out();
    EXPECT_TRUE(bob_->says("with " + peers_.carol_account() + " now")) << bob_->out();
    bob_->type("hangup\n");
    EXPECT_TRUE(carol_->says("the peer hung up")) << carol_->out();
}

TEST_F(Transfers, ThatArePutAsideLeaveTheCallAsItWas)
{
    begin();
    const auto alice = peers_.alice_calls({"--commands"});
    ASSERT_TRUE(alice->says("media")) << alice->out();
    alice->type("transfer " + peers_.carol_account() + "\n");
    ASSERT_TRUE(bob_->says("stay does not")) << bob_->out();
    bob_->type("stay\n");
    EXPECT_TRUE(alice->says("nothing has come of the transfer (603)")) << alice->out();
    EXPECT_TRUE(bob_->says("the peer hears us again")) << bob_->out() << "while bob decided he was on hold";
    alice->type("hangup\n");
    EXPECT_EQ(alice->exit_code(), 0) << alice->out();
    EXPECT_EQ(carol_->out().find("call from"), std::string::npos);
}

TEST_F(Transfers, HaveKeysOnATerminal)
{
    NEEDS_A_TERMINAL();
    begin({"--answer"}, {.terminal = true});
    const auto alice = peers_.alice_calls({}, {.terminal = true});
    ASSERT_TRUE(alice->says("keys: h hold")) << alice->out();
    alice->type("t" + peers_.carol_account() + "x\x7f\n"); // a slip is taken back
    ASSERT_TRUE(bob_->says("f does that, n does not")) << bob_->out();
    bob_->type("f");
    EXPECT_TRUE(alice->says("the peer talks to whom it was asked to call")) << alice->out();
    EXPECT_EQ(alice->exit_code(), 0) << alice->out();
    EXPECT_TRUE(carol_->says("call from " + peers_.bob_account())) << carol_->out();
}

/// Bob has alice on hold and talks to carol.
TEST_F(Transfers, ConnectTheOtherTwoWithoutAnotherRing)
{
    begin({"--answer", "--calls", "2", "--commands"});
    const auto alice = peers_.alice_calls({"--transfers", "follow"});
    ASSERT_TRUE(bob_->says("media")) << bob_->out();
    bob_->type("connect\n");
    EXPECT_TRUE(bob_->says("there is no other call")) << bob_->out();
    bob_->type("call " + peers_.carol_account() + "\n");
    ASSERT_TRUE(bob_->says("with " + peers_.carol_account() + " now; 2 calls in all")) << bob_->out();
    bob_->type("connect\n");
    EXPECT_TRUE(bob_->says("is asked to talk to " + peers_.carol_account() + " in our place")) << bob_->out();
    EXPECT_TRUE(alice->says("the peer wants us to talk to " + peers_.carol_account())) << alice->out();
    EXPECT_TRUE(carol_->says(", handed on by " + peers_.bob_account() + ": takes the place of a running call"))
        << carol_->out();
    EXPECT_TRUE(bob_->says("the peer talks to whom it was asked to call")) << bob_->out();
    EXPECT_TRUE(carol_->says("call ended: hung up here")) << carol_->out();
    EXPECT_TRUE(bob_->says("call ended", 2)) << bob_->out();
    alice->signal(SIGINT);
    EXPECT_EQ(alice->exit_code(), 0) << alice->out();
    EXPECT_TRUE(carol_->says("the peer hung up")) << carol_->out();
}

TEST_F(Transfers, ToNobodyAreRefusedHere)
{
    begin();
    const auto alice = peers_.alice_calls({"--commands"});
    ASSERT_TRUE(alice->says("media")) << alice->out();
    alice->type("transfer somebody\nfollow\n");
    EXPECT_TRUE(alice->says("\"somebody\" is no contact of")) << alice->out();
    EXPECT_TRUE(alice->says("no peer wants us to call somebody else")) << alice->out();
    alice->type("hangup\n");
    EXPECT_EQ(alice->exit_code(), 0) << alice->out();
}

} // namespace
