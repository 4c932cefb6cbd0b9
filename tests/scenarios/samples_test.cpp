// What lies under samples/ works as it stands: the smallest program, and every configuration.

#include "world.hpp"

#include <gtest/gtest.h>

#include <algorithm>
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
