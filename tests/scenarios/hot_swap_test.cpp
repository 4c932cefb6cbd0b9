// A listening process takes another configuration while a call goes on.

#include "world.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <iterator>

namespace {

using namespace scenarios;

std::string text_of(const std::filesystem::path& file)
{
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
}

const Json kOldTls{{"use", "secure-openssl"}, {"config", {{"min_version", "1.2"}}}};

TEST(HotSwap, ARunningCallEndsOnTheOldStackAndTheNextOneUsesTheNew)
{
    World world;
    for (const char* name : {"alice", "bob", "carol"})
        world.configure(name, {.slots = {{"secure_channel", kOldTls}}});
    const auto bob_account = world.account("bob");
    const auto bob = world.listen("bob", {"--answer", "--send", "test"});
    const auto alice = world.call("alice", bob_account, {"--send", "test", "--for", "2"});
    ASSERT_FALSE(alice->event("media", "progress", "first_audio").is_null());
    EXPECT_EQ(alice->event("secure_channel", "done")["detail"]["protocol"], "TLS 1.3");

    world.change("bob", [](Json& config) { config["slots"]["secure_channel"] = {{"use", "secure-mbedtls"}}; });
    kill(bob->pid(), SIGUSR1);
    ASSERT_FALSE(bob->event("configuration", "done").is_null());
    const Json end = alice->call_end();
    ASSERT_FALSE(end.is_null());
    EXPECT_EQ(alice->exit_code(), 0) << "the call went on for its two seconds";

    const auto carol = world.call("carol", bob_account, {"--send", "test", "--for", "0.5"});
    EXPECT_EQ(carol->event("secure_channel", "done")["detail"]["protocol"], "TLS 1.2");
    EXPECT_FALSE(carol->event("media", "progress", "first_audio").is_null());
    EXPECT_EQ(carol->exit_code(), 0);
    EXPECT_EQ(bob->count("discovery", "start"), 1U) << "the DHT node of before goes on";
    bob->interrupt();
    EXPECT_EQ(bob->exit_code(), 0);
}

TEST(HotSwap, AFileWithAMistakeChangesNothingAndSaysWhy)
{
    World world;
    world.configure("alice");
    world.configure("bob");
    const auto bob_account = world.account("bob");
    const auto bob = world.listen("bob", {"--answer", "--send", "test"});
    world.change(
        "bob", [](Json& config) { config["slots"]["codec"] = {{"use", "codec-ffmpeg"}, {"config", {{"prefr", 1}}}}; });
    kill(bob->pid(), SIGUSR1);
    const Json failed = bob->event("configuration", "failed");
    ASSERT_FALSE(failed.is_null());
    EXPECT_NE(failed["detail"]["text"].get<std::string>().find("did you mean \"prefer\"?"), std::string::npos);

    std::ofstream(world.folder() / "bob.json") << "{ \"jackfield\": 1,";
    kill(bob->pid(), SIGUSR1);
    const auto alice = world.call("alice", bob_account, {"--send", "test", "--for", "0.5"});
    EXPECT_FALSE(alice->event("media", "progress", "first_audio").is_null());
    EXPECT_EQ(alice->exit_code(), 0);
    bob->interrupt();
    EXPECT_EQ(bob->exit_code(), 0);
    const std::string said = text_of(bob->log());
    EXPECT_NE(said.find("nothing has changed: "), std::string::npos) << said;
    EXPECT_NE(said.find("bob.json"), std::string::npos) << said;
}

} // namespace
