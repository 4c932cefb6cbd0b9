// Keys on a terminal while a call runs, and commands where there is none.

#include "tests/tools/two_peers.hpp"

#include <gtest/gtest.h>

namespace {

using namespace jackfield::test;

class Keys : public ::testing::Test {
protected:
    TwoPeers peers_;
};

int times_in(const std::string& text, const std::string& part)
{
    int count = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
        ++count;
    return count;
}

TEST_F(Keys, DoWhatTheirHelpSaysAsTheyArePressed)
{
    NEEDS_A_TERMINAL();
    const auto bob = peers_.bob_listens({"--answer", "--once", "--send", "test"}, {.terminal = true});
    const auto alice = peers_.alice_calls({"--send", "test"});
    ASSERT_TRUE(bob->says("keys: h hold, m mute, v video, r rotate, d digits, s statistics, q hang up")) << bob->out();
    bob->type("m");
    EXPECT_TRUE(bob->says(", muted")) << bob->out();
    bob->type("h");
    EXPECT_TRUE(bob->says("on hold here")) << bob->out();
    EXPECT_TRUE(alice->says("the peer has put us on hold")) << alice->out();
    bob->type("h");
    EXPECT_TRUE(alice->says("the peer hears us again")) << alice->out();
    bob->type("d5#x");
    EXPECT_TRUE(alice->says("the peer pressed 5")) << alice->out();
    EXPECT_TRUE(alice->says("the peer pressed #")) << alice->out();
    bob->type("r");
    EXPECT_TRUE(alice->says("turned by 90 degrees")) << alice->out();
    bob->type("v");
    EXPECT_TRUE(alice->says("video none")) << alice->out();
    EXPECT_TRUE(bob->says("video none")) << bob->out();
    const int before = times_in(alice->out(), "video both ways");
    bob->type("v");
    EXPECT_TRUE(alice->says("video both ways", before + 1)) << alice->out();
    ASSERT_TRUE(bob->says("| video ")) << "both streams have a second of statistics\n" << bob->out();
    bob->type("s");
    EXPECT_TRUE(bob->says("\n  video ")) << "a line for each stream\n" << bob->out();
    bob->type("?");
    EXPECT_TRUE(bob->says("keys: h hold", 2)) << bob->out();
    bob->type("q");
    EXPECT_EQ(bob->exit_code(), 0) << bob->out();
    EXPECT_EQ(alice->exit_code(), 0) << alice->out();
}

TEST_F(Keys, AreLinesWhereAScriptSpeaks)
{
    const auto bob = peers_.bob_listens({"--answer", "--once", "--commands"});
    const auto alice = peers_.alice_calls({"--for", "20"});
    bob->type("dance\nhold\n");
    EXPECT_TRUE(bob->says("no command \"dance\"")) << bob->out();
    EXPECT_TRUE(alice->says("the peer has put us on hold")) << alice->out();
    bob->type("hangup\n");
    EXPECT_EQ(bob->exit_code(), 0) << bob->out();
    EXPECT_EQ(alice->exit_code(), 0) << alice->out();
}

} // namespace
