// --trace over whole calls: each form is what its readers take, also if the program was killed.

#include "tests/tools/two_peers.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <csignal>
#include <fstream>
#include <map>

namespace {

using namespace jackfield::test;
using Json = nlohmann::json;

std::string text_of(const std::filesystem::path& file)
{
    std::ifstream stream(file);
    return {std::istreambuf_iterator<char>(stream), {}};
}

class TraceOption : public ::testing::Test {
protected:
    TraceOption() : bob_(peers_.bob_listens({"--answer", "--send", "test", "--trace", file("bob.csv")})) {}

    std::string file(const std::string& name) const { return peers_.file(name).string(); }

    TwoPeers peers_;
    std::unique_ptr<RunningProgram> bob_;
};

/// The names of durations that began and ended, each within the one that began before it in its row.
std::map<std::string, double> durations_us(const Json& trace)
{
    std::map<std::string, double> durations;
    std::map<std::pair<int, int>, std::vector<Json>> open;
    for (const auto& event : trace) {
        auto& row = open[{event["pid"].get<int>(), event["tid"].get<int>()}];
        if (event["ph"] == "B") {
            row.push_back(event);
        } else if (event["ph"] == "E") {
            if (row.empty() || row.back()["name"] != event["name"]) {
                ADD_FAILURE() << "does not nest: " << event;
                continue;
            }
            durations[event["name"]] = event["ts"].get<double>() - row.back()["ts"].get<double>();
            row.pop_back();
        }
    }
    for (const auto& [row, left] : open)
        EXPECT_TRUE(left.empty()) << left.back();
    return durations;
}

TEST_F(TraceOption, ForChromeHoldsEveryStepAsADuration)
{
    const auto alice = peers_.alice_calls({"--for", "0.2", "--trace", file("call.json")});
    ASSERT_EQ(alice->exit_code(), 0) << alice->err();
    const auto durations = durations_us(Json::parse(text_of(file("call.json"))));
    for (const char* step : {"identity", "call", "discovery", "request", "answer", "connectivity", "secure_channel",
                             "signaling", "media_connectivity", "media"})
        EXPECT_TRUE(durations.contains(step)) << step;
    EXPECT_GE(durations.at("call"), 200'000) << "they talked for 0.2 s";
}

TEST_F(TraceOption, AsJsonLinesIsWhatTheEventsAre)
{
    const auto alice = peers_.alice_calls({"--for", "0.1", "--events", "json", "--trace", file("call.jsonl")});
    ASSERT_EQ(alice->exit_code(), 0) << alice->err();
    EXPECT_EQ(text_of(file("call.jsonl")), alice->out());
}

TEST_F(TraceOption, OfAListenerThatWasKilledCanBeReadAsFarAsItGot)
{
    ASSERT_EQ(peers_.alice_calls({"--for", "0.1"})->exit_code(), 0);
    ASSERT_TRUE(bob_->says("the peer hung up"));
    bob_->signal(SIGKILL);
    EXPECT_EQ(bob_->exit_code(), 128 + SIGKILL);
    const auto csv = text_of(file("bob.csv"));
    EXPECT_TRUE(csv.starts_with("t_ms,t_ns,call,side,step,event,what,status,text,detail\n"));
    EXPECT_TRUE(csv.ends_with("\n"));
    EXPECT_NE(csv.find(",callee,call,done,"), std::string::npos) << csv;
}

TEST_F(TraceOption, ThatCannotBeWrittenToTheEndDoesNotEndTheCall)
{
    std::filesystem::create_symlink("/dev/full", file("full.csv"));
    const auto refused = peers_.alice_calls({"--for", "0.1", "--trace", file("full.csv")});
    EXPECT_EQ(refused->exit_code(), 7) << "the first row is written before the call";
    std::filesystem::create_symlink("/dev/full", file("full.jsonl"));
    const auto alice = peers_.alice_calls({"--for", "0.1", "--trace", file("full.jsonl")});
    EXPECT_EQ(alice->exit_code(), 0);
    EXPECT_NE(alice->err().find("the trace ends early"), std::string::npos) << alice->err();
}

} // namespace
