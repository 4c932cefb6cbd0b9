// --record over whole calls: nothing that was recorded is lost, and nothing is left of calls that were none.

#include "tests/tools/two_peers.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <fstream>

namespace {

using namespace jackfield::test;
namespace fs = std::filesystem;

std::string text_of(const fs::path& file)
{
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

class Record : public ::testing::Test {
protected:
    /// A call in which sound has come through both ways.
    void call(const std::vector<std::string>& more = {})
    {
        std::vector<std::string> words{"--send", "test"};
        words.insert(words.end(), more.begin(), more.end());
        const auto alice = peers_.alice_calls(words);
        ASSERT_TRUE(alice->says("first_audio\n")) << alice->out() << alice->err();
        alice->signal(SIGINT);
        EXPECT_EQ(alice->exit_code(), 0) << alice->out();
    }

    TwoPeers peers_;
};

TEST_F(Record, AListenerKeepsEveryCall)
{
    const auto bob = peers_.bob_listens({"--answer", "--send", "test", "--record", peers_.file("call.mkv").string()});
    call();
    ASSERT_TRUE(bob->says("recording to " + peers_.file("call.mkv").string()));
    ASSERT_TRUE(bob->says("the peer hung up")); // and the file is complete
    const auto first = text_of(peers_.file("call.mkv"));
    EXPECT_GT(first.size(), 1000U);
    call();
    ASSERT_TRUE(bob->says("recording to " + peers_.file("call-2.mkv").string()));
    bob->signal(SIGINT);
    EXPECT_EQ(bob->exit_code(), 0);
    EXPECT_TRUE(text_of(peers_.file("call.mkv")) == first) << "the first is untouched";
    EXPECT_GT(fs::file_size(peers_.file("call-2.mkv")), 1000U);
}

TEST_F(Record, ACallerIsToldThatTheFileIsThereBeforeTheCall)
{
    std::ofstream(peers_.file("call.mkv")) << "a recording";
    const auto alice = peers_.alice_calls({"--record", peers_.file("call.mkv").string()});
    EXPECT_EQ(alice->exit_code(), 7);
    EXPECT_NE(alice->err().find("is there already"), std::string::npos) << alice->err();
    EXPECT_EQ(text_of(peers_.file("call.mkv")), "a recording");
    EXPECT_FALSE(fs::exists(peers_.file("alice"))) << "nothing was opened";
}

TEST_F(Record, OverwriteReplacesARecording)
{
    const auto bob = peers_.bob_listens({"--answer", "--send", "test"});
    std::ofstream(peers_.file("call.mkv")) << "a recording";
    call({"--record", peers_.file("call.mkv").string(), "--overwrite"});
    EXPECT_EQ(text_of(peers_.file("call.mkv")).substr(0, 4), "\x1a\x45\xdf\xa3") << "Matroska";
}

TEST_F(Record, ACallThatIsDeclinedLeavesNoFile)
{
    const auto bob = peers_.bob_listens({"--decline", "--once", "--record", peers_.file("bob.mkv").string()});
    EXPECT_EQ(peers_.alice_calls({"--record", peers_.file("alice.mkv").string()})->exit_code(), 4);
    EXPECT_EQ(bob->exit_code(), 4);
    EXPECT_FALSE(fs::exists(peers_.file("alice.mkv")));
    EXPECT_FALSE(fs::exists(peers_.file("bob.mkv")));
}

} // namespace
