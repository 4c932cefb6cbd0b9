// What people meet when a call does not go well: each with its exit code, its step and its words.

#include "world.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace {

using namespace scenarios;

class Failure : public ::testing::Test {
protected:
    void configure(const Json& callee_call = Json::object(), const Json& caller_call = Json::object())
    {
        world_.configure("bob", {.call = callee_call});
        world_.configure("alice", {.call = caller_call});
        bob_account_ = world_.account("bob");
    }

    World world_;
    std::string bob_account_;
};

TEST_F(Failure, AnUnknownPeerIsNotFound)
{
    world_.configure("alice");
    const auto alice = world_.call("alice", std::string(64, 'a'));
    const Json end = alice->call_end();
    EXPECT_EQ(end["status"], "not found");
    EXPECT_EQ(end["failed_step"], "discovery");
    EXPECT_EQ(alice->exit_code(), 5);
}

TEST_F(Failure, APeerThatIsOfflineIsNotFound)
{
    configure();
    const auto alice = world_.call("alice", bob_account_);
    EXPECT_EQ(alice->call_end()["failed_step"], "discovery");
    EXPECT_EQ(alice->exit_code(), 5);
}

TEST_F(Failure, ADeclinedCallSaysSo)
{
    configure();
    const auto bob = world_.listen("bob", {"--decline", "--once"});
    const auto alice = world_.call("alice", bob_account_);
    const Json end = alice->call_end();
    EXPECT_EQ(end["status"], "refused");
    EXPECT_EQ(end["failed_step"], "signaling");
    EXPECT_EQ(end["by_peer"], true);
    EXPECT_EQ(alice->exit_code(), 4);
    EXPECT_EQ(bob->exit_code(), 4);
}

TEST_F(Failure, ASecondCallerHearsBusy)
{
    configure();
    world_.configure("carol");
    const auto bob = world_.listen("bob", {"--answer"});
    const auto alice = world_.call("alice", bob_account_);
    ASSERT_FALSE(alice->event("signaling", "done").is_null());
    const auto carol = world_.call("carol", bob_account_);
    EXPECT_EQ(carol->call_end()["status"], "busy");
    EXPECT_EQ(carol->exit_code(), 4);
    alice->interrupt();
    EXPECT_EQ(alice->exit_code(), 0) << "the first call is untouched";
}

TEST_F(Failure, NobodyAnswersWithinTheTimeOfTheConfiguration)
{
    configure({{"ring_timeout_s", 1}});
    const auto bob = world_.listen("bob", {"--ask", "--once"});
    const auto alice = world_.call("alice", bob_account_);
    EXPECT_EQ(alice->call_end()["failed_step"], "signaling");
    EXPECT_EQ(alice->exit_code(), 4);
    EXPECT_EQ(bob->call_end()["status"], "timeout");
}

TEST_F(Failure, TheCallerMayGiveUpWhileItRings)
{
    configure();
    const auto bob = world_.listen("bob", {"--ask", "--once"});
    const auto alice = world_.call("alice", bob_account_);
    ASSERT_FALSE(alice->event("signaling", "progress", "ringing").is_null());
    alice->interrupt();
    EXPECT_EQ(alice->exit_code(), 130);
    const Json end = bob->call_end();
    EXPECT_EQ(end["status"], "cancelled");
    EXPECT_EQ(end["by_peer"], true);
}

TEST_F(Failure, ACalleeKilledWhileItRingsEndsTheCall)
{
    configure();
    const auto bob = world_.listen("bob", {"--ask"});
    const auto alice = world_.call("alice", bob_account_);
    ASSERT_FALSE(alice->event("signaling", "progress", "ringing").is_null());
    bob->kill();
    EXPECT_FALSE(alice->call_end(20s).is_null());
    EXPECT_NE(alice->exit_code(), 0);
}

TEST_F(Failure, ACalleeKilledInTheCallEndsTheCall)
{
    configure();
    const auto bob = world_.listen("bob", {"--answer", "--send", "test"});
    const auto alice = world_.call("alice", bob_account_);
    ASSERT_FALSE(alice->event("media", "progress", "first_audio").is_null());
    bob->kill();
    EXPECT_EQ(alice->call_end(20s)["failed_step"], "media");
    EXPECT_EQ(alice->exit_code(), 8);
}

TEST_F(Failure, ACallerKilledInTheCallFreesTheCallee)
{
    configure();
    const auto bob = world_.listen("bob", {"--answer"});
    {
        const auto alice = world_.call("alice", bob_account_);
        ASSERT_FALSE(alice->event("signaling", "done").is_null());
        alice->kill();
    }
    ASSERT_FALSE(bob->call_end(20s).is_null());
    const auto again = world_.call("alice", bob_account_, {"--for", "0.2"});
    EXPECT_EQ(again->exit_code(), 0) << "the next call goes through";
}

TEST_F(Failure, AFileThatCannotBeReadDisturbsNobody)
{
    configure();
    const auto bob = world_.listen("bob", {"--answer"});
    const auto alice = world_.call("alice", bob_account_, {"--send", "/no/such/film.mp4"});
    const Json end = alice->call_end();
    EXPECT_EQ(end["failed_step"], "media");
    EXPECT_TRUE(end["text"].get<std::string>().find("\"/no/such/film.mp4\": no such file") != std::string::npos) << end;
    EXPECT_EQ(alice->exit_code(), 7);
}

TEST_F(Failure, AFolderThatIsMissingIsSaidBeforeTheCall)
{
    configure();
    const auto alice = world_.call("alice", bob_account_, {"--record", "/no/such/folder/a.mkv"});
    EXPECT_TRUE(alice->first_line().is_null()) << "there is no event, as there is no call";
    EXPECT_EQ(alice->exit_code(), 7);
}

TEST_F(Failure, WithoutCommonCodecTheCallIsNotAcceptable)
{
    configure();
    // Bob's file, with another codec list than alice's.
    const auto file = world_.folder() / "bob.json";
    Json config = Json::parse(std::ifstream(file));
    config["slots"]["codec"]["config"] = {{"exclude", {"opus", "VP8", "H264"}}};
    std::ofstream(file) << config.dump();
    const auto alice_file = world_.folder() / "alice.json";
    config = Json::parse(std::ifstream(alice_file));
    config["slots"]["codec"]["config"] = {{"exclude", {"PCMU", "PCMA"}}};
    std::ofstream(alice_file) << config.dump();
    const auto bob = world_.listen("bob", {"--answer"});
    const auto alice = world_.call("alice", bob_account_);
    EXPECT_EQ(alice->call_end()["failed_step"], "signaling");
    EXPECT_EQ(alice->exit_code(), 7);
}

TEST_F(Failure, ADiscoveryThatCannotBeReachedIsJoinedWhenItAppears)
{
    // A port that is free now; the node appears on it later.
    const std::string address = world_.bootstrap();
    const std::string port = address.substr(address.rfind(':') + 1);
    world_.configure("alice");
    world_.configure(
        "bob", {.bootstrap = "127.0.0.1:" + std::to_string(std::stoi(port) == 65535 ? 65534 : std::stoi(port) + 1)});
    const std::string late_port = std::to_string(std::stoi(port) == 65535 ? 65534 : std::stoi(port) + 1);
    Process bob({"listen", "--config", (world_.folder() / "bob.json").string(), "--answer", "--events", "json"},
                world_.folder() / "bob.log");
    ASSERT_FALSE(bob.event("discovery", "start").is_null()) << "it starts all the same";
    world_.start_dht(late_port);
    EXPECT_FALSE(bob.event("discovery", "progress", "announced").is_null());
}

TEST_F(Failure, AConfigurationMistakeStopsTheStartWithAllFourParts)
{
    const auto file = world_.configure("alice");
    Json config = Json::parse(std::ifstream(file));
    config["slots"]["connectivity"]["use"] = "ice-nowhere";
    std::ofstream(file) << config.dump();
    const auto log = world_.folder() / "wrong.log";
    Process alice({"call", "--config", file, std::string(64, 'a')}, log);
    EXPECT_EQ(alice.exit_code(), 3);
    std::ifstream read(log);
    const std::string text{std::istreambuf_iterator<char>(read), {}};
    EXPECT_NE(text.find("alice.json: /slots/connectivity/use: no plugin \"ice-nowhere\""), std::string::npos) << text;
    EXPECT_NE(text.find("searched"), std::string::npos) << text;
    EXPECT_NE(text.find("ice-libnice 0.1.0"), std::string::npos) << text;
}

TEST_F(Failure, WrongArgumentsAreSaidWithTheWayToHelp)
{
    const auto log = world_.folder() / "usage.log";
    Process call({"call", "--nonsense"}, log);
    EXPECT_EQ(call.exit_code(), 2);
    std::ifstream read(log);
    const std::string text{std::istreambuf_iterator<char>(read), {}};
    EXPECT_NE(text.find("jackfield call --help"), std::string::npos) << text;
}

} // namespace
