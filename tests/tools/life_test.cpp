// How the program ends: when it is told to, when it is told twice, when nobody reads any more.

#include "tests/tools/two_peers.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <cstring>

namespace {

using namespace jackfield::test;

/// Answered, and the media paths are there: in either order.
bool is_up(RunningProgram& caller)
{
    return caller.says("path(s)") && caller.says("+ signaling");
}

class Life : public ::testing::Test {
protected:
    TwoPeers peers_;
};

TEST_F(Life, EverySignalThatMeansTheEndEndsAListenerInOrder)
{
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
        const auto bob = peers_.bob_listens({"--answer"});
        bob->signal(number);
        EXPECT_EQ(bob->exit_code(), 0) << strsignal(number);
        EXPECT_NE(bob->out().find("going offline"), std::string::npos) << bob->out();
    }
}

TEST_F(Life, AListenerForOneCallThatGotNoneSaysInterrupted)
{
    const auto bob = peers_.bob_listens({"--answer", "--once"});
    bob->signal(SIGINT);
    EXPECT_EQ(bob->exit_code(), 130);
}

TEST_F(Life, EverySignalThatMeansTheEndHangsUp)
{
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
        const auto bob = peers_.bob_listens({"--answer", "--once"});
        const auto alice = peers_.alice_calls();
        ASSERT_TRUE(is_up(*alice)) << alice->out() << alice->err();
        alice->signal(number);
        EXPECT_EQ(alice->exit_code(), 0) << strsignal(number);
        EXPECT_TRUE(bob->says("the peer hung up")) << "and the peer knows: " << bob->out();
        EXPECT_EQ(bob->exit_code(), 0);
    }
}

TEST_F(Life, ASignalWhileItRingsCancelsTheCall)
{
    const auto bob = peers_.bob_listens({"--ask", "--once"});
    const auto alice = peers_.alice_calls();
    ASSERT_TRUE(alice->says("ringing"));
    alice->signal(SIGTERM);
    EXPECT_EQ(alice->exit_code(), 130);
    EXPECT_TRUE(bob->says("the caller gave up")) << bob->out();
}

TEST_F(Life, AListenerInACallHangsUpBeforeItGoes)
{
    const auto bob = peers_.bob_listens({"--answer"});
    const auto alice = peers_.alice_calls();
    ASSERT_TRUE(is_up(*alice));
    bob->signal(SIGINT);
    EXPECT_EQ(bob->exit_code(), 0);
    EXPECT_EQ(alice->exit_code(), 0);
    EXPECT_NE(alice->out().find("the peer hung up"), std::string::npos) << alice->out();
}

TEST_F(Life, AReaderOfTheOutputThatGoesAwayHangsUp)
{
    const auto bob = peers_.bob_listens({"--answer", "--once"});
    const auto alice = peers_.alice_calls({"--events", "json"});
    ASSERT_TRUE(alice->says("\"signaling\",\"event\":\"done\""));
    ASSERT_TRUE(alice->says("\"media_connectivity\",\"event\":\"done\""));
    alice->stop_reading_output();
    EXPECT_EQ(alice->exit_code(), 0) << alice->err();
    EXPECT_TRUE(bob->says("the peer hung up"));
}

TEST_F(Life, AReaderOfTheErrorsThatGoesAwayDisturbsNobody)
{
    const auto bob = peers_.bob_listens({"--answer", "--once"});
    bob->stop_reading_errors(); // where the steps are shown
    const auto alice = peers_.alice_calls({"--for", "0.2"});
    EXPECT_EQ(alice->exit_code(), 0) << alice->err();
    EXPECT_EQ(bob->exit_code(), 0) << bob->out();
}

TEST_F(Life, AFullDiskBehindTheOutputDoesNotEndACall)
{
    const auto bob = peers_.bob_listens({"--answer", "--once"});
    const auto alice = peers_.alice_calls({"--for", "0.2", "--events", "json"}, {.out = "/dev/full"});
    EXPECT_TRUE(bob->says("the peer hung up"));
    EXPECT_EQ(alice->exit_code(), 7) << "but it is said: " << alice->err();
    EXPECT_NE(alice->err().find("standard output"), std::string::npos) << alice->err();
}

TEST_F(Life, AListenerAnswersCallAfterCall)
{
    const auto bob = peers_.bob_listens({"--answer", "--send", "test"});
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(peers_.alice_calls({"--for", "0.1"})->exit_code(), 0);
    bob->signal(SIGINT);
    EXPECT_EQ(bob->exit_code(), 0);
}

TEST_F(Life, CtrlCOnTheTerminalHangsUp)
{
    NEEDS_A_TERMINAL();
    const auto bob = peers_.bob_listens({"--answer", "--once"});
    const auto alice = peers_.alice_calls({}, {.terminal = true});
    ASSERT_TRUE(alice->says("path(s)"));
    ASSERT_TRUE(alice->says("\x1b[0m signaling")) << alice->out();
    alice->type("\x03");
    EXPECT_EQ(alice->exit_code(), 0) << alice->out();
    EXPECT_TRUE(bob->says("the peer hung up"));
}

} // namespace
