// Texts as people and scripts meet them: written, shown, read; never what steers a terminal.

#include "tests/tools/two_peers.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <csignal>
#include <fstream>

namespace {

using namespace jackfield::test;
using Json = nlohmann::json;

class TextsForPeople : public ::testing::Test {
protected:
    Ran inbox(const std::string& peer, std::vector<std::string> words = {}) const
    {
        words.insert(words.begin(), {"inbox", "--config", peers_.config(peer)});
        return run(words);
    }
    std::vector<std::string> text(std::vector<std::string> words) const
    {
        words.insert(words.begin(), {"text", "--config", peers_.config("alice")});
        return words;
    }

    TwoPeers peers_;
};

TEST_F(TextsForPeople, AreShownWhereTheyArriveAndReadOnce)
{
    const auto bob = peers_.bob_listens({"--decline"});
    const auto sent = run(text({peers_.bob_account(), "hello", "bob"}));
    EXPECT_EQ(sent.code, 0) << sent.err;
    EXPECT_NE(sent.out.find("delivered\n"), std::string::npos) << sent.out;
    EXPECT_TRUE(bob->says(": hello bob")) << bob->out();
    EXPECT_NE(inbox("bob", {"--unread"}).out.find(": hello bob\n"), std::string::npos);
    EXPECT_EQ(inbox("bob", {"--unread"}).out, "");
    EXPECT_NE(inbox("bob").out.find(": hello bob\n"), std::string::npos) << "read, and still there";
    const auto ours = inbox("alice", {"--events", "json"});
    const Json line = Json::parse(ours.out, nullptr, false);
    ASSERT_TRUE(line.is_object()) << ours.out;
    EXPECT_EQ(line["text"], "hello bob");
    EXPECT_EQ(line["ours"], true);
    EXPECT_EQ(line["delivered"], true);
}

TEST_F(TextsForPeople, SteerNoTerminal)
{
    const auto bob = peers_.bob_listens({"--decline"});
    RunningProgram alice(text({peers_.bob_account(), "-"}));
    alice.type("red \x1b[31m\nand\x07 more\n");
    alice.end_input();
    EXPECT_EQ(alice.exit_code(), 0) << alice.err();
    EXPECT_TRUE(bob->says(": red ?[31m and? more")) << bob->out();
    const auto shown = inbox("bob").out;
    EXPECT_NE(shown.find(": red ?[31m and? more\n"), std::string::npos) << shown;
    const Json line = Json::parse(inbox("bob", {"--events", "json"}).out, nullptr, false);
    EXPECT_EQ(line["text"], "red \x1b[31m\nand\x07 more") << "scripts get what was written";
}

TEST_F(TextsForPeople, AreKeptForWhoIsNotThereAndSaySo)
{
    const auto sent = run(text({"--wait", "0.1", peers_.bob_account(), "later"}));
    EXPECT_EQ(sent.code, 9);
    EXPECT_NE(sent.out.find("kept; the next \"text\" or \"listen\" sends it\n"), std::string::npos) << sent.out;
    EXPECT_NE(inbox("alice").out.find(": later (waits)\n"), std::string::npos);
    const auto bob = peers_.bob_listens({"--decline"});
    EXPECT_EQ(run(text({peers_.bob_account(), "now"})).code, 0);
    EXPECT_TRUE(bob->says(": now"));
    const auto shown = bob->out();
    EXPECT_LT(shown.find(": later"), shown.find(": now")) << shown;
}

TEST_F(TextsForPeople, AreFollowedAsTheyCome)
{
    const auto bob = peers_.bob_listens({"--decline"});
    RunningProgram following({"inbox", "--config", peers_.config("bob"), "--follow"});
    EXPECT_EQ(run(text({peers_.bob_account(), "one"})).code, 0);
    EXPECT_TRUE(following.says(": one"));
    EXPECT_EQ(run(text({peers_.bob_account(), "two"})).code, 0);
    EXPECT_TRUE(following.says(": two"));
    following.signal(SIGINT);
    EXPECT_EQ(following.exit_code(), 0);
    EXPECT_EQ(inbox("bob", {"--unread"}).out, "");
}

TEST_F(TextsForPeople, AreWrittenInACallAndWhileTheyAreThePeerSeesIt)
{
    const auto bob = peers_.bob_listens({"--answer", "--commands"});
    const auto alice = peers_.alice_calls({"--commands", "--events", "json"});
    ASSERT_TRUE(bob->says("media")) << bob->out();
    alice->type("typing\n");
    EXPECT_TRUE(bob->says(" is writing")) << bob->out();
    alice->type("text good  day\n");
    EXPECT_TRUE(bob->says(": good  day")) << bob->out();
    bob->type("typing\n");
    EXPECT_TRUE(alice->says(R"("active":true)")) << alice->out();
    bob->type("typing off\n");
    EXPECT_TRUE(alice->says(R"("active":false)")) << alice->out();
    bob->type("text and to you\n");
    EXPECT_TRUE(alice->says(R"("text":"and to you")")) << alice->out();
    EXPECT_TRUE(bob->says("written to ")) << bob->out();
    alice->type("hangup\n");
    EXPECT_EQ(alice->exit_code(), 0) << alice->out();
}

TEST_F(TextsForPeople, HaveAKeyOnATerminal)
{
    NEEDS_A_TERMINAL();
    const auto bob = peers_.bob_listens({"--answer"});
    const auto alice = peers_.alice_calls({}, {.terminal = true});
    ASSERT_TRUE(alice->says("keys: h hold")) << alice->out();
    alice->type("eq\xc3\xbc\x7f");
    EXPECT_TRUE(bob->says(" is writing")) << bob->out() << "and q does not hang up";
    alice->type("uite so\n");
    EXPECT_TRUE(bob->says(": quite so")) << bob->out();
    alice->type("etransfer\x1bq"); // put aside, and then hung up
    EXPECT_EQ(alice->exit_code(), 0) << alice->out();
    EXPECT_EQ(bob->out().find(": transfer"), std::string::npos) << bob->out();
}

TEST_F(TextsForPeople, ThatAreNoneAreWrongArguments)
{
    const auto empty = run(text({peers_.bob_account(), ""}));
    EXPECT_EQ(empty.code, 2);
    EXPECT_NE(empty.err.find("a text has 1 to 32768 bytes"), std::string::npos) << empty.err;
    EXPECT_EQ(run(text({peers_.bob_account(), std::string(32769, 'x')})).code, 2);
    EXPECT_EQ(run(text({"--wait", "0.1", peers_.bob_account(), std::string(32768, 'x')})).code, 9);
}

TEST_F(TextsForPeople, InADamagedDatabaseAreSaidToBe)
{
    std::ofstream(peers_.file("alice.texts.sqlite")) << std::string(8192, 'x');
    for (const auto& ran : {inbox("alice"), run(text({peers_.bob_account(), "hello"}))}) {
        EXPECT_EQ(ran.code, 3);
        EXPECT_NE(ran.err.find("alice.texts.sqlite: is damaged, or no database"), std::string::npos) << ran.err;
        EXPECT_NE(ran.err.find("would work"), std::string::npos) << ran.err;
    }
}

} // namespace
