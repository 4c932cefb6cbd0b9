// Calls through path decorators: a bad network that the call survives, and breaks that it does not, each by
// configuration alone.

#include "world.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>

namespace {

using namespace scenarios;

class Decorators : public ::testing::Test {
protected:
    /// The peer's configuration with these decorators.
    void configure(const std::string& name, const Json& decorators, const PeerOptions& options = {})
    {
        const auto file = world_.configure(name, options);
        Json config = Json::parse(std::ifstream(file));
        config["slots"]["path_decorator"] = decorators;
        std::ofstream(file) << config.dump();
    }

    std::vector<Json> counts(const std::string& file) const
    {
        std::vector<Json> lines;
        std::ifstream stream(world_.folder() / file);
        for (std::string line; std::getline(stream, line);)
            lines.push_back(Json::parse(line));
        return lines;
    }

    World world_;
};

TEST_F(Decorators, ACallSurvivesALateAndLossyNetwork)
{
    const Json network{{"use", "path-impair"},
                       {"at", {"control", "media"}},
                       {"config", {{"delay_ms", 10}, {"jitter_ms", 2}, {"loss", 0.05}, {"seed", 5}}}};
    const Json stats{{"use", "path-stats"},
                     {"at", {"control", "media"}},
                     {"config", {{"file", (world_.folder() / "counts.jsonl").string()}}}};
    configure("alice", {stats, network, stats});
    configure("bob", {network});
    const auto bob_account = world_.account("bob");
    const auto bob = world_.listen("bob", {"--answer", "--once", "--send", "test"});
    const auto alice = world_.call("alice", bob_account, {"--send", "test", "--for", "2"});
    ASSERT_FALSE(alice->event("media", "progress", "first_audio").is_null());
    EXPECT_EQ(alice->exit_code(), 0);
    EXPECT_EQ(bob->exit_code(), 0);

    // The lower counter saw fewer packets of sound than the upper: what is missing was lost between them.
    std::vector<std::uint64_t> sound;
    for (const Json& line : counts("counts.jsonl")) {
        if (line["seam"] == "media" && line["component"] == 1)
            sound.push_back(line["sent"]["packets"]);
    }
    ASSERT_EQ(sound.size(), 2U) << "one above path-impair, one below";
    const auto [lower, upper] = std::minmax(sound[0], sound[1]);
    EXPECT_GT(upper, 50U) << "two seconds of sound in packets of 20 ms";
    EXPECT_LT(lower, upper);
    EXPECT_GT(lower, upper * 8 / 10);
}

TEST_F(Decorators, AHandshakeThatIsCorruptedEndsTheCallAtThatStep)
{
    configure("alice",
              {{{"use", "path-fault"}, {"at", "control"}, {"config", {{"action", "corrupt"}, {"at_packet", 2}}}}},
              {.call = {{"control_policy", "tcp-only"}}});
    configure("bob", Json::array({{{"use", "path-stats"}, {"at", "control"}}}));
    const auto bob_account = world_.account("bob");
    const auto bob = world_.listen("bob", {"--answer"});
    const auto alice = world_.call("alice", bob_account);
    EXPECT_NE(alice->exit_code(), 0);
    const Json failed = alice->event("call", "failed");
    ASSERT_FALSE(failed.is_null());
    EXPECT_TRUE(failed["detail"]["failed_step"] == "secure_channel" || failed["detail"]["failed_step"] == "signaling")
        << failed;
}

TEST_F(Decorators, AnEncryptedPathThatBreaksEndsTheCall)
{
    configure("alice", {{{"use", "path-fault"},
                         {"at", "secured"},
                         {"config", {{"action", "fail"}, {"direction", "receive"}, {"at_packet", 2}}}}});
    configure("bob", Json::array({{{"use", "path-stats"}, {"at", "secured"}}}));
    const auto bob_account = world_.account("bob");
    const auto bob = world_.listen("bob", {"--answer"});
    const auto alice = world_.call("alice", bob_account, {"--send", "test"});
    EXPECT_NE(alice->exit_code(), 0);
    EXPECT_FALSE(alice->event("call", "failed").is_null());
}

/// Processes of that one's isolated plugins, by plugin.
std::map<std::string, int> isolated_plugins_of(int pid)
{
    std::map<std::string, int> found;
    for (const auto& task : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
        std::ifstream children(task.path() / "children");
        for (int child = 0; children >> child;) {
            std::ifstream words("/proc/" + std::to_string(child) + "/cmdline");
            std::string program;
            std::string plugin;
            std::getline(words, program, '\0');
            std::getline(words, plugin, '\0');
            if (program == "jackfield-isolated")
                found[plugin] = child;
        }
    }
    return found;
}

TEST_F(Decorators, AndCodecsInProcessesOfTheirOwnAreHeardNoLess)
{
    world_.configure("bob");
    configure("alice", {{{"use", "path-stats"}, {"at", "media"}, {"isolate", true}}});
    world_.change("alice", [](Json& config) { config["slots"]["codec"]["isolate"] = true; });
    const auto bob_account = world_.account("bob");
    const auto bob = world_.listen("bob", {"--answer", "--once", "--send", "test"});
    const auto alice = world_.call("alice", bob_account, {"--send", "test", "--for", "2", "--log", "info"});
    ASSERT_FALSE(alice->event("media", "progress", "first_audio").is_null());
    ASSERT_FALSE(bob->event("media", "progress", "first_audio").is_null());
    EXPECT_FALSE(isolated_plugins_of(alice->pid()).empty());
    EXPECT_EQ(alice->exit_code(), 0);
    EXPECT_EQ(bob->exit_code(), 0);
    std::ifstream log(alice->log());
    const std::string text(std::istreambuf_iterator<char>(log), {});
    EXPECT_NE(text.find("\"seam\":\"media\""), std::string::npos) << text; // what it counted, said in the other process
}

TEST_F(Decorators, StayWhereTheyAreWhenTheProcessOfACodecIsKilled)
{
    const auto file = (world_.folder() / "counts.jsonl").string();
    world_.configure("bob");
    configure("alice", {{{"use", "path-stats"}, {"at", "media"}, {"config", {{"file", file}}}}});
    world_.change("alice", [](Json& config) { config["slots"]["codec"]["isolate"] = true; });
    const auto bob_account = world_.account("bob");
    const auto bob = world_.listen("bob", {"--answer", "--once", "--send", "test"});
    const auto alice = world_.call("alice", bob_account, {"--send", "test", "--for", "4", "--log", "info"});
    ASSERT_FALSE(alice->event("media", "progress", "first_audio").is_null());
    ASSERT_FALSE(alice->event("media", "progress", "first_video").is_null());
    ASSERT_FALSE(bob->event("media", "progress", "first_video").is_null());
    for (const auto& [plugin, process] : isolated_plugins_of(alice->pid()))
        kill(process, SIGKILL);
    EXPECT_EQ(alice->exit_code(), 0);
    EXPECT_EQ(bob->exit_code(), 0);
    std::ifstream log(alice->log());
    const std::string text(std::istreambuf_iterator<char>(log), {});
    EXPECT_NE(text.find("its process crashed (SIGKILL); it is started again after 100 ms"), std::string::npos) << text;
    EXPECT_NE(text.find("runs again"), std::string::npos) << text;
    std::uint64_t most = 0;
    for (const Json& line : counts("counts.jsonl"))
        most = std::max(most, line["sent"]["packets"].get<std::uint64_t>());
    EXPECT_GT(most, 60U) << "of 200 packets of sound in four seconds";
}

} // namespace
