// path-stats counts what goes through, and says so at the end.
#include "decorated_link.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>

namespace jackfield::decorator_test {
namespace {

using nlohmann::json;

class PathStats : public ::testing::Test {
protected:
    PathStats() : file_(::testing::TempDir() + "path_stats_" + std::to_string(getpid()) + ".jsonl")
    {
        std::filesystem::remove(file_);
    }
    ~PathStats() override { std::filesystem::remove(file_); }

    std::string config() const { return json{{"file", file_}}.dump(); }
    std::vector<json> lines() const
    {
        std::vector<json> lines;
        std::ifstream file(file_);
        for (std::string line; std::getline(file, line);)
            lines.push_back(json::parse(line));
        return lines;
    }

    std::string file_;
};

TEST_F(PathStats, CountsPacketsAndBytesOfBothDirections)
{
    {
        DecoratedLink link("path-stats", config(), JF_DATAGRAM, 3);
        link.open();
        link.near().send(packet_of(1, 100));
        link.near().send(packet_of(2, 300));
        link.far().send(packet_of(3, 50));
        ASSERT_TRUE(link.at_near().wait_for_packets(1));
        EXPECT_TRUE(lines().empty()) << "it reports at the end";
    }
    ASSERT_EQ(lines().size(), 1U);
    const json report = lines().front();
    EXPECT_EQ(report["seam"], "media");
    EXPECT_EQ(report["component"], 3);
    EXPECT_EQ(report["side"], "caller");
    EXPECT_EQ(report["sent"]["packets"], 2);
    EXPECT_EQ(report["sent"]["bytes"], 400);
    EXPECT_EQ(report["sent"]["largest_bytes"], 300);
    EXPECT_EQ(report["received"]["packets"], 1);
    EXPECT_EQ(report["received"]["bytes"], 50);
}

TEST_F(PathStats, CountsSendsThatWereNotTaken)
{
    {
        DecoratedLink link("path-stats", config(), JF_STREAM);
        link.open();
        EXPECT_EQ(link.near().send(packet_of(1, 70'000)), JF_BAD_INPUT);
        link.link().hold(true);
        int taken = 0;
        while (link.near().send(packet_of(2)) == JF_OK && taken < 100'000)
            ++taken;
        link.link().hold(false);
    }
    EXPECT_EQ(lines().front()["refused"], 1);
    EXPECT_EQ(lines().front()["would_block"], 1);
}

TEST_F(PathStats, AddsALineForEachPath)
{
    for (int i = 0; i < 3; ++i)
        DecoratedLink("path-stats", config(), JF_STREAM).open();
    EXPECT_EQ(lines().size(), 3U);
}

} // namespace
} // namespace jackfield::decorator_test
