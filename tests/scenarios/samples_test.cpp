// What lies under samples/ works as it stands: the smallest program, and every configuration.

#include "world.hpp"

#include <gtest/gtest.h>

#include <fstream>

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

/// A sample configuration, moved onto this machine: another store, another bootstrap node, loopback.
Json moved(const fs::path& file, World& world, const std::string& name)
{
    Json config = Json::parse(std::ifstream(file), nullptr, true, /*ignore_comments=*/true);
    config["plugin_path"] = {JACKFIELD_TEST_PLUGIN_DIR};
    config["slots"]["identity"]["config"]["store"] = (world.folder() / name).string();
    config["slots"]["connectivity"]["config"]["addresses"] = {"127.0.0.1"};
    auto& discovery = config["slots"]["discovery"][0];
    if (discovery["use"] == "discovery-opendht")
        discovery["config"] = {
            {"listen", "127.0.0.1:0"}, {"bootstrap", {world.bootstrap()}}, {"public_rate_limits", false}};
    else
        discovery["config"] = {{"listen", "127.0.0.1:0"}, {"peers", Json::array()}};
    std::ofstream(world.folder() / (name + ".json")) << config.dump();
    return config;
}

class SampleConfiguration : public ::testing::TestWithParam<std::string> {};

TEST_P(SampleConfiguration, IsExplainedWithoutAWordOfComplaint)
{
    World world(false);
    Process explain({"explain", JACKFIELD_SOURCE_DIR "/samples/configs/" + GetParam()}, world.folder() / "explain.log");
    EXPECT_EQ(explain.exit_code(), 0);
    EXPECT_EQ(fs::file_size(world.folder() / "explain.log"), 0U);
}

TEST_P(SampleConfiguration, MakesACall)
{
    World world;
    const auto file = fs::path(JACKFIELD_SOURCE_DIR "/samples/configs") / GetParam();
    moved(file, world, "bob");
    const auto bob_account = world.account("bob");
    const auto bob = world.listen("bob", {"--answer", "--once", "--send", "test"});
    Json alice_config = moved(file, world, "alice");
    if (auto& discovery = alice_config["slots"]["discovery"][0]; discovery["use"] == "discovery-static") {
        discovery["config"]["peers"] = {{{"account", bob_account}, {"address", bob->listening()}}};
        std::ofstream(world.folder() / "alice.json") << alice_config.dump();
    }
    const auto alice = world.call("alice", bob_account, {"--send", "test", "--for", "0.5"});
    EXPECT_EQ(alice->exit_code(), 0);
    EXPECT_EQ(bob->exit_code(), 0);
}

INSTANTIATE_TEST_SUITE_P(All, SampleConfiguration,
                         ::testing::Values("bad-network.json", "default.json", "mbedtls.json", "udp-only.json",
                                           "static-peers.json", "clear.json"),
                         [](const auto& tested) {
                             std::string name = tested.param.substr(0, tested.param.find('.'));
                             std::replace(name.begin(), name.end(), '-', '_');
                             return name;
                         });

} // namespace
