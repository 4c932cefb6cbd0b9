// listen --ask: the question, the answers to it, and standard input that has none.

#include "tests/tools/two_peers.hpp"

#include <gtest/gtest.h>

#include <csignal>

namespace {

using namespace jackfield::test;

constexpr const char* kQuestion = "answer? (y/n)";

/// For a failure: what the other end has said until its end.
std::string said_by(RunningProgram& program)
{
    program.exit_code();
    return "\n" + program.out() + program.err();
}

class Ask : public ::testing::Test {
protected:
    TwoPeers peers_;
};

TEST_F(Ask, IsAnsweredOnTheTerminal)
{
    NEEDS_A_TERMINAL();
    const auto bob = peers_.bob_listens({"--once"}, {.terminal = true});
    const auto alice = peers_.alice_calls({"--for", "0.1"});
    ASSERT_TRUE(bob->says(kQuestion)) << bob->out() << bob->err() << said_by(*alice);
    bob->type("y\n");
    EXPECT_EQ(alice->exit_code(), 0) << alice->out();
    EXPECT_EQ(bob->exit_code(), 0) << bob->out();
}

TEST_F(Ask, IsAskedAgainUntilTheAnswerIsOne)
{
    const auto bob = peers_.bob_listens({"--ask"});
    const auto alice = peers_.alice_calls();
    ASSERT_TRUE(bob->says(kQuestion)) << bob->out() << bob->err() << said_by(*alice);
    bob->type("perhaps\n");
    ASSERT_TRUE(bob->says(kQuestion, 2)) << bob->err();
    bob->type("n\n");
    EXPECT_EQ(alice->exit_code(), 4);
    EXPECT_NE(alice->out().find("declined"), std::string::npos) << alice->out();
}

TEST_F(Ask, MayBeAnsweredBeforehandThroughAPipe)
{
    const auto bob = peers_.bob_listens({"--ask", "--once"});
    bob->type("yes\n");
    EXPECT_EQ(peers_.alice_calls({"--for", "0.1"})->exit_code(), 0);
    EXPECT_EQ(bob->exit_code(), 0);
}

TEST_F(Ask, IsForgottenWhenTheCallerGivesUp)
{
    const auto bob = peers_.bob_listens({"--ask"});
    {
        const auto alice = peers_.alice_calls();
        ASSERT_TRUE(bob->says(kQuestion)) << bob->out() << bob->err() << said_by(*alice);
        ASSERT_TRUE(alice->says("ringing"));
        alice->signal(SIGINT);
        ASSERT_TRUE(bob->says("the caller gave up")) << bob->out() << bob->err();
        EXPECT_EQ(alice->exit_code(), 130);
    }
    const auto again = peers_.alice_calls();
    ASSERT_TRUE(again->says("ringing"));
    bob->type("n\n");
    EXPECT_EQ(again->exit_code(), 4);
}

TEST_F(Ask, WithoutStandardInputItIsSaidThatNobodyCanAnswer)
{
    for (const How& how : {How{}, How{.closed = {0}}}) {
        const auto bob = peers_.bob_listens({"--ask"}, how);
        bob->end_input();
        const auto alice = peers_.alice_calls();
        EXPECT_TRUE(bob->says("nobody can answer")) << bob->out() << bob->err();
        EXPECT_TRUE(alice->says("ringing"));
        alice->signal(SIGINT); // it goes on ringing
        EXPECT_EQ(alice->exit_code(), 130);
        bob->signal(SIGINT);
        EXPECT_EQ(bob->exit_code(), 0);
    }
}

} // namespace
