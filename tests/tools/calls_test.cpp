// Several calls at once in one program: one that waits, one on hold, one that talks.

#include "tests/tools/two_peers.hpp"

#include <gtest/gtest.h>

#include <csignal>

namespace {

using namespace jackfield::test;

constexpr const char* kHeld = "the peer has put us on hold";
constexpr const char* kHeardAgain = "the peer hears us again";

class Calls : public ::testing::Test {
protected:
    TwoPeers peers_;
};

TEST_F(Calls, OneThatWaitsIsTakenByAKeyAndTheOtherHeld)
{
    NEEDS_A_TERMINAL();
    const auto bob = peers_.bob_listens({"--send", "test"}, {.terminal = true});
    const auto alice = peers_.alice_calls({"--send", "test"});
    ASSERT_TRUE(bob->says("answer? (y/n)")) << bob->out();
    bob->type("y\n");
    ASSERT_TRUE(bob->says("keys: h hold")) << bob->out();
    const auto carol = peers_.carol_calls({"--send", "test"});
    ASSERT_TRUE(bob->says("waits: a puts this call on hold")) << bob->out();
    bob->type("a");
    EXPECT_TRUE(alice->says(kHeld)) << alice->out();
    EXPECT_TRUE(bob->says("2 calls in all")) << bob->out();
    bob->type("w");
    EXPECT_TRUE(carol->says(kHeld)) << carol->out();
    EXPECT_TRUE(alice->says(kHeardAgain)) << alice->out();
    bob->type("q");
    EXPECT_EQ(alice->exit_code(), 0) << alice->out();
    EXPECT_TRUE(bob->says("now, who is on hold")) << bob->out();
    bob->type("h");
    EXPECT_TRUE(carol->says(kHeardAgain)) << carol->out();
    bob->type("q");
    EXPECT_EQ(carol->exit_code(), 0) << carol->out();
}

TEST_F(Calls, OneThatWaitsIsDeclinedByAKeyAndTheOtherGoesOn)
{
    NEEDS_A_TERMINAL();
    const auto bob = peers_.bob_listens({"--once"}, {.terminal = true});
    const auto alice = peers_.alice_calls();
    ASSERT_TRUE(bob->says("answer? (y/n)")) << bob->out();
    bob->type("y\n");
    ASSERT_TRUE(bob->says("keys: h hold")) << bob->out();
    const auto carol = peers_.carol_calls();
    ASSERT_TRUE(bob->says("x declines")) << bob->out();
    bob->type("x");
    EXPECT_EQ(carol->exit_code(), 4) << carol->out();
    bob->type("q");
    EXPECT_EQ(alice->exit_code(), 0) << alice->out();
    EXPECT_EQ(alice->out().find(kHeld), std::string::npos) << alice->out();
}

TEST_F(Calls, OneThatWaitsIsAskedAboutWhenTheOtherHasEnded)
{
    NEEDS_A_TERMINAL();
    const auto bob = peers_.bob_listens({}, {.terminal = true});
    const auto alice = peers_.alice_calls();
    ASSERT_TRUE(bob->says("answer? (y/n)")) << bob->out();
    bob->type("y\n");
    ASSERT_TRUE(bob->says("keys: h hold")) << bob->out();
    const auto carol = peers_.carol_calls({"--for", "0.1"});
    ASSERT_TRUE(bob->says("waits: a")) << bob->out();
    bob->type("q");
    EXPECT_EQ(alice->exit_code(), 0) << alice->out();
    ASSERT_TRUE(bob->says("answer? (y/n)", 2)) << bob->out();
    bob->type("y\n");
    EXPECT_EQ(carol->exit_code(), 0) << carol->out();
}

TEST_F(Calls, AThirdHearsThatWeAreBusy)
{
    const auto bob = peers_.bob_listens({"--answer", "--calls", "2", "--commands"});
    const auto alice = peers_.alice_calls({"--commands"});
    ASSERT_TRUE(alice->says("media")) << alice->out();
    alice->type("call " + peers_.bob_account() + "\n");
    ASSERT_TRUE(bob->says("2 calls in all")) << bob->out();
    EXPECT_TRUE(bob->says(kHeld)) << bob->out();
    const auto carol = peers_.carol_calls();
    EXPECT_EQ(carol->exit_code(), 4) << carol->out();
    EXPECT_NE(carol->out().find("busy"), std::string::npos) << carol->out();
    bob->type("calls\n");
    EXPECT_TRUE(bob->says("* ")) << bob->out();
    alice->signal(SIGINT);
    EXPECT_EQ(alice->exit_code(), 0) << alice->out();
    EXPECT_TRUE(bob->says("hung up", 2)) << bob->out();
}

TEST_F(Calls, WithoutATerminalALineOfInputTakesTheOneThatWaits)
{
    const auto bob = peers_.bob_listens({"--ask"});
    const auto alice = peers_.alice_calls();
    ASSERT_TRUE(bob->says("answer? (y/n)")) << bob->out();
    bob->type("y\n");
    ASSERT_TRUE(alice->says("media")) << alice->out();
    const auto carol = peers_.carol_calls({"--for", "0.1"});
    ASSERT_TRUE(bob->says("answer? (y/n)", 2)) << bob->out();
    bob->type("y\n");
    EXPECT_TRUE(alice->says(kHeld)) << alice->out();
    EXPECT_EQ(carol->exit_code(), 0) << carol->out();
}

TEST_F(Calls, AtOnceAreRecordedToFilesOfTheirOwn)
{
    const auto file = peers_.file("both.mkv");
    const auto bob = peers_.bob_listens({"--answer", "--calls", "2", "--record", file.string()});
    const auto alice = peers_.alice_calls({"--send", "test", "--for", "1"});
    const auto carol = peers_.carol_calls({"--send", "test", "--for", "1"});
    EXPECT_EQ(alice->exit_code(), 0) << alice->out();
    EXPECT_EQ(carol->exit_code(), 0) << carol->out();
    bob->signal(SIGINT);
    EXPECT_EQ(bob->exit_code(), 0) << bob->out();
    EXPECT_TRUE(std::filesystem::exists(file));
    EXPECT_TRUE(std::filesystem::exists(peers_.file("both-2.mkv")));
}

} // namespace
