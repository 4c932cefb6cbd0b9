// What lies under samples/ works as it stands: the smallest program, and every configuration.

#include "world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <set>

namespace {

using namespace scenarios;
namespace fs = std::filesystem;

TEST(Sample, TwoPeersCallEachOther)
{
    World world(false);
    jackfield::program::Child sample(JACKFIELD_BINARY_DIR "/bin/call-two-peers", {world.folder().string()},
                                     (world.folder() / "sample.log").string());
    bool said = false;
    while (const auto line = sample.line())
        said = said || *line == "a call, from the first to the last step";
    EXPECT_EQ(sample.wait(), 0);
    EXPECT_TRUE(said);
}

/// A call of alice with one more plugin in its slot. What she logs of it.
std::string log_of_call_with(const std::string& slot, const Json& plug)
{
    World world;
    world.configure("bob");
    world.configure("alice");
    world.change("alice", [&](Json& config) {
        config["plugin_path"].push_back(JACKFIELD_BINARY_DIR "/samples/plugins");
        config["slots"][slot] = plug;
    });
    const auto bob_account = world.account("bob");
    const auto bob = world.listen("bob", {"--answer", "--once", "--send", "test"});
    const auto alice = world.call("alice", bob_account, {"--send", "test", "--for", "1", "--log", "info"});
    EXPECT_FALSE(bob->event("media", "progress", "first_audio").is_null());
    EXPECT_EQ(alice->exit_code(), 0);
    EXPECT_EQ(bob->exit_code(), 0);
    std::ifstream log(alice->log());
    return {std::istreambuf_iterator<char>(log), {}};
}

TEST(SamplePlugin, InCWorksOnTheSoundOfACall)
{
    const auto log =
        log_of_call_with("audio_stage", Json::array({{{"use", "audio-gain"}, {"config", {{"gain_db", -3}}}}}));
    EXPECT_THAT(log, ::testing::ContainsRegex("audio-gain: [1-9][0-9]{3,} samples by -3.0 dB, 0 of them limited"));
}

TEST(SamplePlugin, InCppWithoutTheSdkCountsThePacketsOfACall)
{
    const auto log =
        log_of_call_with("path_decorator", Json::array({{{"use", "path-sizes"}, {"at", {"control", "media"}}}}));
    EXPECT_THAT(log, ::testing::ContainsRegex("path-sizes: control, bytes up to: sent [^,]+, received [0-9]"));
    EXPECT_THAT(log, ::testing::ContainsRegex("path-sizes: media, bytes up to: sent [^,]+, received [0-9]"));
}

TEST(SamplePlugin, InRustSaysHowFastACallSends)
{
    const auto log = log_of_call_with("congestion_control", {{"use", "cc-aimd"}});
    EXPECT_THAT(log, ::testing::ContainsRegex("cc-aimd: [0-9]+ of [1-9][0-9]+ packets lost, [0-9]+ times less"));
}

void expect_explained(const std::string& name)
{
    World world(false);
    Process explain({"explain", JACKFIELD_SOURCE_DIR "/samples/configs/" + name}, world.folder() / "explain.log");
    EXPECT_EQ(explain.exit_code(), 0);
    EXPECT_EQ(fs::file_size(world.folder() / "explain.log"), 0U);
}

TEST(SampleOfASipAccount, IsExplainedWithoutAWordOfComplaint)
{
    expect_explained("sip-account.json"); // a call with it: telephones_test.cpp
}

TEST(SamplesWithServers, AreExplainedWithoutAWordOfComplaint)
{
    expect_explained("behind-a-router.json"); // calls with them: tests/laboratory/sample_configurations_test.cpp
    expect_explained("strict-firewall.json");
}

TEST(SampleWithDevices, IsExplainedWithoutAWordOfComplaint)
{
    expect_explained("devices.json"); // a call with it: sound_devices_test.cpp
}

/// Of which a call is made here; of the four above it is made elsewhere.
const std::vector<std::string> kCalledHere{
    "bad-network.json",    "default.json",   "mbedtls.json",          "udp-only.json",      "static-peers.json",
    "rendezvous.json",     "thin-link.json", "trace-everything.json", "local-network.json", "clear.json",
    "without-ffmpeg.json", "quic.json",      "quic-beside-srtp.json"};

TEST(SampleConfigurations, AreAllCalledWith)
{
    std::set<std::string> called{"sip-account.json", "behind-a-router.json", "strict-firewall.json", "devices.json"};
    called.insert(kCalledHere.begin(), kCalledHere.end());
    std::set<std::string> there;
    for (const auto& entry : fs::directory_iterator(JACKFIELD_SOURCE_DIR "/samples/configs")) {
        if (entry.path().extension() == ".json")
            there.insert(entry.path().filename());
    }
    EXPECT_EQ(there, called);
}

class SampleConfiguration : public ::testing::TestWithParam<std::string> {};

TEST_P(SampleConfiguration, IsExplainedWithoutAWordOfComplaint)
{
    expect_explained(GetParam());
}

TEST_P(SampleConfiguration, MakesACall)
{
    World world;
    for (const char* name : {"bob", "alice"})
        world.configure_as_sample(name, GetParam());
    const auto bob_account = world.account("bob");
    const auto bob = world.listen("bob", {"--answer", "--once", "--send", "test"});
    world.introduce("alice", bob_account, bob->listening());
    const auto alice = world.call("alice", bob_account, {"--send", "test", "--for", "0.5"});
    EXPECT_EQ(alice->exit_code(), 0);
    EXPECT_EQ(bob->exit_code(), 0);
}

INSTANTIATE_TEST_SUITE_P(All, SampleConfiguration, ::testing::ValuesIn(kCalledHere), [](const auto& tested) {
    std::string name = tested.param.substr(0, tested.param.find('.'));
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
});

} // namespace
