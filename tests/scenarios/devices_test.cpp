// One account on several machines, as real processes: all ring and one has the call; who is there is seen; a device
// that was revoked neither calls nor is called.
//
// Threads: the test's.
#include "tests/tools/running_program.hpp"
#include "world.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <fstream>

namespace scenarios {
namespace {

using jackfield::test::RunningProgram;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point began)
{
    return std::chrono::duration<double>(Clock::now() - began).count();
}

/// Alice, and bob with a desk, which has his account's key, a phone and a tablet.
class Family {
public:
    explicit Family(const Json& discovery = nullptr, bool with_dht = true) : world(with_dht)
    {
        PeerOptions options{.call = {{"connect_timeout_s", 3}}};
        if (!discovery.is_null())
            options.slots["discovery"] = {discovery};
        for (const char* name : {"alice", "desk", "phone", "tablet"})
            world.configure(name, options);
        account = world.account("desk");
        for (const char* name : {"phone", "tablet"})
            join(name);
        contact("alice", "bob", account);
    }

    /// One JSON answer of "jackfield id".
    Json id(const std::string& name, std::vector<std::string> words)
    {
        words.insert(words.begin(), "id");
        words.insert(words.end(), {"--config", config(name), "--events", "json"});
        Process process(words, world.folder() / (name + "-id.log"));
        const Json answer = process.first_line();
        EXPECT_EQ(process.exit_code(), 0) << "see " << process.log();
        return answer;
    }

    void join(const std::string& name)
    {
        const auto request = file(name + ".request", id(name, {"request"}).value("request", ""));
        const auto chain = file(name + ".chain", id("desk", {"add-device", request}).value("chain", ""));
        EXPECT_EQ(id(name, {"join", chain}).value("account", ""), account);
    }

    void revoke(const std::string& name)
    {
        EXPECT_EQ(id("desk", {"revoke", device(name)}).value("revoked", ""), device(name));
    }

    std::string device(const std::string& name) { return id(name, {}).value("device", ""); }

    void contact(const std::string& name, const std::string& as, const std::string& whom)
    {
        world.change(name, [&](Json& config) { config["contacts"] = name + "-contacts.json"; });
        file(name + "-contacts.json", Json{{"contacts", {{{"account", whom}, {"name", as}}}}}.dump());
    }

    std::string config(const std::string& name) const { return (world.folder() / (name + ".json")).string(); }

    std::string file(const std::string& name, const std::string& text) const
    {
        const auto path = world.folder() / name;
        std::ofstream(path) << text;
        return path.string();
    }

    World world;
    std::string account; // bob's
};

class SeveralDevices : public ::testing::Test {
protected:
    /// A person's program, which rings and asks; it can be found when this returns.
    std::unique_ptr<RunningProgram> ask(const std::string& name)
    {
        auto program =
            std::make_unique<RunningProgram>(std::vector<std::string>{"listen", "--config", family.config(name)});
        EXPECT_TRUE(program->says("announced")) << name << ": " << program->out() << program->err();
        return program;
    }

    void all_ring()
    {
        for (const auto& program : {desk.get(), phone.get(), tablet.get()})
            ASSERT_TRUE(program->says("answer? (y/n)")) << program->out() << program->err();
    }

    Family family;
    std::unique_ptr<RunningProgram> desk = ask("desk");
    std::unique_ptr<RunningProgram> phone = ask("phone");
    std::unique_ptr<RunningProgram> tablet = ask("tablet");
};

TEST_F(SeveralDevices, AllRingTheFirstToAcceptHasTheCallAndTheOthersHearAnsweredElsewhere)
{
    const auto alice = family.world.call("alice", family.account, {"--for", "1"});
    all_ring();
    phone->type("y\n");
    EXPECT_TRUE(desk->says("call ended: answered elsewhere\n")) << desk->out();
    EXPECT_TRUE(tablet->says("call ended: answered elsewhere\n")) << tablet->out();
    EXPECT_EQ(alice->exit_code(), 0) << "see " << alice->log();
    EXPECT_TRUE(phone->says("call ended: the peer hung up")) << phone->out();
}

TEST_F(SeveralDevices, OneThatIsKilledWhileItRingsDoesNotEndTheCall)
{
    const auto alice = family.world.call("alice", family.account, {"--for", "1"});
    all_ring();
    tablet->signal(SIGKILL);
    EXPECT_EQ(tablet->exit_code(), 128 + SIGKILL);
    desk->type("y\n");
    EXPECT_TRUE(phone->says("call ended: answered elsewhere\n")) << phone->out();
    EXPECT_EQ(alice->exit_code(), 0) << "see " << alice->log();
}

TEST_F(SeveralDevices, OfTwoThatAcceptAtTheSameMomentOneHasTheCall)
{
    const auto alice = family.world.call("alice", family.account, {"--for", "1"});
    all_ring();
    phone->type("y\n");
    tablet->type("y\n");
    EXPECT_EQ(alice->exit_code(), 0) << "see " << alice->log();
    const auto has_it = [](RunningProgram& one) { return one.says("call ended: the peer hung up"); };
    const auto lost_it = [](RunningProgram& one) {
        return one.out().find("call ended: answered elsewhere\n") != std::string::npos;
    };
    phone->says("call ended");
    tablet->says("call ended");
    EXPECT_NE(lost_it(*phone), lost_it(*tablet)) << phone->out() << tablet->out();
    EXPECT_TRUE(has_it(lost_it(*phone) ? *tablet : *phone));
    EXPECT_TRUE(desk->says("call ended: answered elsewhere\n")) << desk->out();
}

TEST_F(SeveralDevices, AllStopRingingWhenTheCallerGivesUp)
{
    const auto alice = family.world.call("alice", family.account);
    all_ring();
    alice->interrupt();
    for (const auto& program : {desk.get(), phone.get(), tablet.get()})
        EXPECT_TRUE(program->says("call ended: the caller gave up\n")) << program->out();
    EXPECT_EQ(alice->exit_code(), 130);
}

TEST_F(SeveralDevices, ACallToOnesOwnAccountRingsTheOthers)
{
    const auto call = family.world.call("desk", family.account, {"--for", "1"});
    ASSERT_TRUE(phone->says("answer? (y/n)")) << phone->out();
    ASSERT_TRUE(tablet->says("answer? (y/n)")) << tablet->out();
    phone->type("y\n");
    EXPECT_EQ(call->exit_code(), 0) << "see " << call->log();
    EXPECT_EQ(desk->out().find("call from"), std::string::npos) << "not oneself";
}

TEST(OwnAccount, WithNobodyElseThereIsSaidToBeSo)
{
    Family family;
    const auto call = family.world.call("desk", family.account);
    const Json end = call->call_end();
    EXPECT_EQ(end.value("status", ""), "not found") << end;
    EXPECT_EQ(call->exit_code(), 5);
}

// --- presence -------------------------------------------------------------------------------------------------------

using Discover = std::function<Json(World& world)>;

/// Alice follows bob's account while his phone comes and goes. One that is killed: tests/sdk/bulletin_board_test.cpp.
void follow(Family& family)
{
    Process alice({"presence", "--config", family.config("alice"), "--follow", "--events", "json", "bob"},
                  family.world.folder() / "presence.log");
    const auto device = family.device("phone");
    int heard = 0;
    const auto hears = [&](bool online) {
        int seen = 0;
        const auto found =
            alice.find([&](const Json& event) { return ++seen > heard && event.value("device", "") == device; }, 10s);
        heard = seen;
        return found.is_object() && found.value("online", !online) == online;
    };
    auto phone = family.world.listen("phone", {});
    const auto came = Clock::now();
    EXPECT_TRUE(hears(true));
    EXPECT_LT(seconds_since(came), 2);
    const auto leaves = Clock::now();
    phone->interrupt();
    EXPECT_TRUE(hears(false));
    const double left = seconds_since(leaves);
    std::printf("[  figure  ] gone after %.0f ms\n", left * 1000);
    EXPECT_LT(left, 2);
    EXPECT_EQ(phone->exit_code(), 0);
    alice.interrupt();
    EXPECT_EQ(alice.exit_code(), 0) << "see " << alice.log();
}

TEST(Presence, IsSeenOverADht)
{
    Family family;
    follow(family);
}

TEST(Presence, IsSeenOverARendezvousServer)
{
    World servers(false);
    Family family({{"use", "discovery-rendezvous"}, {"config", {{"servers", {servers.start_rendezvous()}}}}}, false);
    follow(family);
}

TEST(Presence, IsSeenOnTheLocalNetwork)
{
    World ports(false);
    Family family({{"use", "discovery-lan"}, {"config", {{"addresses", {"127.0.0.1"}}, {"port", ports.lan_port()}}}},
                  false);
    follow(family);
}

TEST(Presence, OfAPeerFromTheConfigurationIsSeen)
{
    Family family({{"use", "discovery-static"}, {"config", {{"listen", "127.0.0.1:0"}}}}, false);
    auto phone = family.world.listen("phone", {});
    family.world.introduce("alice", family.account, phone->listening());
    Process alice({"presence", "--config", family.config("alice"), "--follow", "--events", "json", "bob"},
                  family.world.folder() / "presence.log");
    EXPECT_TRUE(alice.find([](const Json& event) { return event.value("online", false); }).is_object());
    const auto leaves = Clock::now();
    phone->interrupt();
    EXPECT_TRUE(alice.find([](const Json& event) { return !event.value("online", true); }).is_object());
    std::printf("[  figure  ] gone after %.0f ms\n", seconds_since(leaves) * 1000);
    EXPECT_LT(seconds_since(leaves), 2);
}

TEST(Presence, IsAnExitCodeForScripts)
{
    Family family;
    const auto ask = [&] {
        return Process({"presence", "--config", family.config("alice"), "bob"}, family.world.folder() / "ask.log")
            .exit_code();
    };
    EXPECT_EQ(ask(), 10);
    const auto phone = family.world.listen("phone", {});
    EXPECT_EQ(ask(), 0);
    EXPECT_EQ(phone->count("discovery", "failed"), 0U);
}

TEST(Presence, OfContactsIsToldByAListener)
{
    Family family;
    const auto alice = family.world.listen("alice", {});
    auto phone = family.world.listen("phone", {});
    EXPECT_FALSE(alice->event("discovery", "progress", "online").is_null());
    phone->interrupt();
    EXPECT_FALSE(alice->event("discovery", "progress", "offline", 2s).is_null());
}

TEST(Presence, AnotherProgramOfTheDeviceDoesNotEndIt)
{
    Family family;
    const auto alice = family.world.listen("alice", {"--answer"});
    const auto phone = family.world.listen("phone", {});
    ASSERT_FALSE(alice->event("discovery", "progress", "online").is_null());
    const auto call = family.world.call("phone", family.world.account("alice"), {"--for", "0.2"});
    EXPECT_EQ(call->exit_code(), 0) << "see " << call->log();
    Process ask({"presence", "--config", family.config("alice"), "bob"}, family.world.folder() / "ask.log");
    EXPECT_EQ(ask.exit_code(), 0) << "the listener has announced itself again";
}

// --- texts ----------------------------------------------------------------------------------------------------------

TEST(TextsToSeveralDevices, HaveArrivedWhenOneHasThem)
{
    Family family;
    for (const char* name : {"alice", "phone", "tablet"})
        family.world.change(name, [](Json& config) { config["texts"] = Json::object(); });
    const auto phone = family.world.listen("phone", {});
    const auto tablet = family.world.listen("tablet", {});
    const auto alice = family.world.listen("alice", {}); // she stays; "text" may leave after the first receipt
    Process text({"text", "--config", family.config("alice"), "bob", "hello"}, family.world.folder() / "text.log");
    EXPECT_EQ(text.exit_code(), 0) << "see " << text.log();
    const auto has_it = [](Process& device) { return !device.event("text", "progress", "text", 5s).is_null(); };
    EXPECT_TRUE(has_it(*phone) || has_it(*tablet));
    std::printf("[  figure  ] phone %d tablet %d\n", has_it(*phone), has_it(*tablet)); // the other had it under way
}

// --- revocation -----------------------------------------------------------------------------------------------------

TEST(Revoked, ACallThatGoesOnEndsSoonAndTheDeviceIsFoundNoMore)
{
    Family family;
    const auto desk = family.world.listen("desk", {});
    const auto phone = family.world.listen("phone", {"--answer"});
    desk->interrupt(); // so that the phone is the one that answers
    EXPECT_EQ(desk->exit_code(), 0);
    const auto call = family.world.call("alice", family.account);
    ASSERT_FALSE(call->event("media", "progress", "codecs_open").is_null()) << "see " << call->log();
    const auto again = family.world.listen("desk", {});
    const auto revoked = Clock::now();
    family.revoke("phone");
    EXPECT_FALSE(call->call_end(10s).is_null());
    std::printf("[  figure  ] the call ended after %.0f ms\n", seconds_since(revoked) * 1000);
    EXPECT_LT(seconds_since(revoked), 5);
    Process ask({"presence", "--config", family.config("alice"), "--events", "json", "bob"},
                family.world.folder() / "ask.log");
    const auto phones = family.device("phone");
    const auto is_phone = [&](const Json& event) { return event.value("device", "") == phones; };
    EXPECT_TRUE(ask.find(is_phone).is_null()) << "its announcement is still there, and counts no more";
    EXPECT_EQ(ask.exit_code(), 0) << "the desk is there";
}

TEST(Revoked, ACalleeWhoHasNotHeardOfItAsksTheAccountAndDoesNotRing)
{
    Family family;
    const auto desk = family.world.listen("desk", {});
    auto phone = family.world.listen("phone", {});
    family.revoke("phone");
    ASSERT_FALSE(desk->event("discovery", "progress", "offline").is_null()) << "everybody could know now";
    phone.reset();
    family.world.change("alice", [](Json& config) { config.erase("contacts"); }); // nobody is watched
    const auto alice = family.world.listen("alice", {"--answer"});
    const auto call = family.world.call("phone", family.world.account("alice"));
    const Json end = call->call_end();
    EXPECT_TRUE(end.is_object() && end.contains("status")) << end;
    EXPECT_NE(call->exit_code(), 0);
    EXPECT_EQ(alice->count("call", "start"), 0U) << "see " << alice->log();
    const auto tablet = family.world.call("tablet", family.world.account("alice"), {"--for", "0.2"});
    EXPECT_EQ(tablet->exit_code(), 0) << "the others may, see " << tablet->log();
}

TEST(Revoked, IsRememberedWhenTheAccountIsAway)
{
    Family family;
    {
        const auto desk = family.world.listen("desk", {});
        const auto alice = family.world.listen("alice", {});
        const auto phone = family.world.listen("phone", {});
        family.revoke("phone");
        EXPECT_FALSE(alice->event("discovery", "progress", "offline").is_null());
    } // all are killed
    const auto phone = family.world.listen("phone", {});
    const auto alice = family.world.listen("alice", {"--answer"});
    const auto call = family.world.call("phone", family.world.account("alice"));
    EXPECT_NE(call->exit_code(), 0);
    EXPECT_EQ(alice->count("call", "start"), 0U) << "see " << alice->log();
    const auto back = family.world.call("alice", family.account);
    EXPECT_EQ(back->exit_code(), 5) << "and it is not called";
}

TEST(Revoked, AnotherDeviceOfTheAccountPassesItOn)
{
    Family family;
    const auto tablet = family.world.listen("tablet", {});
    {
        const auto desk = family.world.listen("desk", {});
        ASSERT_FALSE(tablet->event("discovery", "progress", "online").is_null()) << "our own account is watched";
        family.revoke("phone");
        Process heard({"presence", "--config", family.config("alice"), "bob"}, family.world.folder() / "ask.log");
        heard.exit_code();
        desk->interrupt();
        EXPECT_EQ(desk->exit_code(), 0); // its withdrawal has the list
    }
    ASSERT_FALSE(tablet->event("discovery", "progress", "offline").is_null());
    const auto alice = family.world.listen("alice", {"--answer"});
    const auto call = family.world.call("phone", family.world.account("alice"));
    EXPECT_NE(call->exit_code(), 0);
    EXPECT_EQ(alice->count("call", "start"), 0U) << "see " << alice->log();
}

} // namespace
} // namespace scenarios
