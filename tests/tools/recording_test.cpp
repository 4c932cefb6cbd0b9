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

bool is_matroska(const std::string& text)
{
    return text.starts_with("\x1a\x45\xdf\xa3");
}

class Record : public ::testing::Test {
protected:
    /// The number-th call to bob, in which his sound has come to alice and hers to him. His file is complete then.
    void call(RunningProgram& bob, int number, const std::vector<std::string>& more = {})
    {
        std::vector<std::string> words{"--send", "test"};
        words.insert(words.end(), more.begin(), more.end());
        const auto alice = peers_.alice_calls(words);
        ASSERT_TRUE(alice->says("first_audio\n")) << alice->out() << alice->err();
        ASSERT_TRUE(bob.says("first_audio\n", number)) << bob.out() << bob.err();
        alice->signal(SIGINT);
        EXPECT_EQ(alice->exit_code(), 0) << alice->out();
        ASSERT_TRUE(bob.says("the peer hung up", number)) << bob.out();
    }

    TwoPeers peers_;
};

TEST_F(Record, AListenerKeepsEveryCall)
{
    const auto bob = peers_.bob_listens({"--answer", "--send", "test", "--record", peers_.file("call.mkv").string()});
    call(*bob, 1);
    ASSERT_TRUE(bob->says("recording to " + peers_.file("call.mkv").string()));
    const auto first = text_of(peers_.file("call.mkv"));
    EXPECT_TRUE(is_matroska(first));
    call(*bob, 2);
    ASSERT_TRUE(bob->says("recording to " + peers_.file("call-2.mkv").string()));
    bob->signal(SIGINT);
    EXPECT_EQ(bob->exit_code(), 0);
    EXPECT_TRUE(text_of(peers_.file("call.mkv")) == first) << "the first is untouched";
    EXPECT_TRUE(is_matroska(text_of(peers_.file("call-2.mkv"))));
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
    call(*bob, 1, {"--record", peers_.file("call.mkv").string(), "--overwrite"});
    EXPECT_TRUE(is_matroska(text_of(peers_.file("call.mkv"))));
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
