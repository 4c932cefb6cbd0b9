// What a call looks like: on a terminal of each kind, and where there is none.

#include "tests/tools/two_peers.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>

namespace {

using namespace jackfield::test;
using Json = nlohmann::json;

constexpr const char* kErase = "\x1b[K";
constexpr const char* kGreen = "\x1b[32m";
constexpr const char* kCheck = "\xe2\x9c\x93";

class Shown : public ::testing::Test {
protected:
    Shown() : bob_(peers_.bob_listens({"--answer", "--once"})) {}

    /// What alice's terminal shows of a call.
    std::string on_terminal(std::map<std::string, std::string> environment, const char* seconds = "0.1")
    {
        for (const auto& [name, value] :
             std::map<std::string, std::string>{{"TERM", "xterm"}, {"NO_COLOR", ""}, {"LC_ALL", "C.UTF-8"}})
            environment.emplace(name, value);
        const auto alice = peers_.alice_calls({"--for", seconds}, {.terminal = true, .environment = environment});
        EXPECT_EQ(alice->exit_code(), 0);
        EXPECT_NE(alice->out().find("secure_channel"), std::string::npos) << alice->out();
        return alice->out();
    }

    TwoPeers peers_;
    std::unique_ptr<RunningProgram> bob_;
};

bool has(const std::string& text, const char* part)
{
    return text.find(part) != std::string::npos;
}

TEST_F(Shown, OnATerminalStepsAreDrawnLiveInColour)
{
    NEEDS_A_TERMINAL();
    const auto shown = on_terminal({});
    EXPECT_TRUE(has(shown, kErase) && has(shown, kGreen) && has(shown, kCheck)) << shown;
}

TEST_F(Shown, OnATerminalARunningCallSaysInOneLineHowItsStreamsDo)
{
    NEEDS_A_TERMINAL();
    const auto shown = on_terminal({}, "2.5");
    const auto line = shown.find("\r\x1b[K  audio opus ");
    ASSERT_NE(line, std::string::npos) << shown;
    EXPECT_TRUE(has(shown.substr(line, 80), " kb/s")) << shown;
    const auto end = shown.find_first_of("\r\n", line + 1);
    EXPECT_EQ(shown[end], '\r') << "it is drawn over\n" << shown;
    EXPECT_LE(end - line, std::string("\r\x1b[K").size() + 79) << "one that wraps could not be\n" << shown;
    EXPECT_FALSE(has(shown, "  statistics")) << "not as a step\n" << shown;
}

TEST_F(Shown, WithoutATerminalTheSecondsOfACallStayAway)
{
    const auto alice = peers_.alice_calls({"--for", "1.5"}, {});
    EXPECT_EQ(alice->exit_code(), 0);
    EXPECT_FALSE(has(alice->err(), "statistics") || has(alice->err(), "audio opus")) << alice->err();
}

TEST_F(Shown, NoColorIsRespected)
{
    NEEDS_A_TERMINAL();
    const auto shown = on_terminal({{"NO_COLOR", "1"}});
    EXPECT_TRUE(has(shown, kErase) && has(shown, kCheck)) << shown;
    EXPECT_FALSE(has(shown, kGreen)) << shown;
}

TEST_F(Shown, InTheCLocaleEverythingIsAscii)
{
    NEEDS_A_TERMINAL();
    const auto shown = on_terminal({{"LC_ALL", "C"}});
    EXPECT_TRUE(std::ranges::all_of(shown, [](char c) { return static_cast<unsigned char>(c) < 0x80; })) << shown;
    EXPECT_TRUE(has(shown, kErase)) << shown;
}

TEST_F(Shown, ADumbTerminalGetsPlainLines)
{
    NEEDS_A_TERMINAL();
    const auto shown = on_terminal({{"TERM", "dumb"}});
    EXPECT_FALSE(has(shown, "\x1b")) << shown;
}

TEST_F(Shown, WithoutATerminalThereArePlainLines)
{
    const auto alice =
        peers_.alice_calls({"--for", "0.1"}, {.environment = {{"LC_ALL", "C.UTF-8"}, {"TERM", "xterm"}}});
    EXPECT_EQ(alice->exit_code(), 0);
    EXPECT_TRUE(has(alice->err(), "+ secure_channel")) << alice->err();
    EXPECT_FALSE(has(alice->err(), "\x1b") || has(alice->err(), "\r") || has(alice->err(), kCheck)) << alice->err();
    EXPECT_TRUE(has(alice->out(), "call ended: hung up here")) << alice->out();
}

TEST_F(Shown, WithJsonEventsStandardOutputIsJsonAlone)
{
    const auto alice = peers_.alice_calls({"--for", "0.1", "--events", "json"}, {});
    EXPECT_EQ(alice->exit_code(), 0);
    std::istringstream lines(alice->out());
    int count = 0;
    for (std::string line; std::getline(lines, line); ++count)
        EXPECT_TRUE(Json::accept(line)) << line;
    EXPECT_GT(count, 10);
    EXPECT_TRUE(has(alice->err(), "call ended: hung up here")) << alice->err();
}

TEST(ShownLog, HasTimeAndLevelAndStartsWithTheLevelThatWasAskedFor)
{
    const TwoPeers peers; // a new identity is worth a line
    const auto shown = run({"id", "--config", peers.config("alice")}).err;
    EXPECT_EQ(shown.find(" info identity-x509: "), std::string("2026-11-26 12:34:56.789").size()) << shown;
    std::filesystem::remove_all(peers.file("alice"));
    EXPECT_EQ(run({"id", "--config", peers.config("alice"), "--log", "warning"}).err, "");
}

TEST(ShownName, OfACallerCannotSteerTheTerminal)
{
    TwoPeers peers;
    const auto bob = peers.bob_listens({"--decline", "--once"});
    const auto file = peers.config("alice");
    Json config = Json::parse(std::ifstream(file));
    config["call"]["display_name"] = "Al\x1b[2J\nice";
    std::ofstream(file) << config.dump();
    const auto alice = peers.alice_calls();
    EXPECT_NE(alice->exit_code(), 0); // declined, or such a name is not even sent
    bob->signal(SIGINT);
    bob->exit_code();
    EXPECT_FALSE(has(bob->out() + bob->err(), "\x1b")) << bob->out();
}

} // namespace
