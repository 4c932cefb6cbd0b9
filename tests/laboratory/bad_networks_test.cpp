// Networks that are not what programs expect: no network at all, too small a one, too many of them.

#include "private_world.hpp"
#include "running_call.hpp"

#include <gtest/gtest.h>

namespace laboratory {
namespace {

using namespace std::chrono_literals;
using scenarios::Json;
using scenarios::Process;

class BadNetwork : public ::testing::Test {
protected:
    void SetUp() override
    {
        if (!why_no_world().empty())
            GTEST_SKIP() << why_no_world();
        if (!RelayServer::installed())
            GTEST_SKIP() << "turnserver is not installed (Debian package coturn)";
        laboratory_ = std::make_unique<PairLaboratory>();
    }

    void expect_good_end(RunningCall& call)
    {
        const auto [alice, bob] = call.hang_up();
        EXPECT_EQ(alice, 0) << laboratory_->world().folder();
        EXPECT_EQ(bob, 0) << laboratory_->world().folder();
    }

    std::unique_ptr<PairLaboratory> laboratory_;
};

/// Of a second of pictures that began from now on, at that end; 0: none came.
double pictures_per_second(Process& peer)
{
    const double since_ms = RunningCall::last_event_ms(peer);
    const Json event = peer.find([&](const Json& one) {
        const Json detail = one.value("detail", Json::object());
        return detail.value("what", "") == "statistics" && detail.value("kind", "") == "video" &&
               one.value("t_ms", 0.0) - detail.value("interval_ms", 0.0) > since_ms;
    });
    return event.is_null() ? 0 : event["detail"].value("received_frames_per_s", 0.0);
}

// Longer packets vanish without a word, as where ICMP is filtered. TCP does not find out, so nobody is found.
TEST_F(BadNetwork, ThatSwallowsLongPacketsFromTheBeginningIsSaid)
{
    Peer alice_place = laboratory_->add_peer(side("port-restricted"));
    Peer bob_place = laboratory_->add_peer(side("port-restricted"));
    laboratory_->network().change(alice_place.host, R"({"mtu": 1200})");
    laboratory_->configure("alice", side("port-restricted"));
    laboratory_->configure("bob", side("port-restricted"));
    std::unique_ptr<Process> alice;
    std::unique_ptr<Process> bob;
    bob_place.host.inside([&] { bob = laboratory_->world().listen("bob", {"--answer"}); });
    const std::string account = bob->event("identity", "done")["detail"].value("account", "");
    alice_place.host.inside([&] { alice = laboratory_->world().call("alice", account, {"--audio-only"}); });
    const Json end = alice->call_end();
    ASSERT_TRUE(end.is_object());
    EXPECT_EQ(end.value("failed_step", ""), "discovery") << end;
    EXPECT_EQ(end.value("status", ""), "timeout") << end;
    EXPECT_NE(alice->exit_code(), 0);
}

// A way that becomes narrower in the call: sound and pictures were cut small enough from the beginning.
TEST_F(BadNetwork, ThatSwallowsLongPacketsLaterCarriesTheCallOn)
{
    RunningCall call(*laboratory_, side("port-restricted"), side("port-restricted"), {.pictures = true});
    laboratory_->network().change(call.alice().host, R"({"delay_ms": 15, "mtu": 1200})");
    call.mark();
    EXPECT_TRUE(call.both_hear(20s));
    EXPECT_LT(call.gap_ms(), 400);
    const auto too_long = laboratory_->network().up(call.alice().host).too_long;
    for (Process* const peer : {&call.alice_process(), &call.bob_process()})
        EXPECT_GT(pictures_per_second(*peer), 5) << too_long << " packets of alice were too long";
    expect_good_end(call);
}

TEST_F(BadNetwork, OfAMachineWithThirtyAddressesCarriesACall)
{
    RunningCall call(*laboratory_, side("port-restricted"), side("port-restricted"), {.addresses = 30});
    EXPECT_FALSE(call.way().value("relayed", true)) << call.way();
    expect_good_end(call);
}

// A telephone that is switched on before its network.
TEST_F(BadNetwork, ThatIsNotThereYetIsWaitedFor)
{
    const Peer bob_place = laboratory_->add_peer(side("port-restricted"));
    const Peer alice_place = laboratory_->add_peer(side("port-restricted"));
    laboratory_->configure("alice", side("port-restricted"));
    laboratory_->configure("bob", side("port-restricted"));
    laboratory_->network().unplug(bob_place.host);
    const auto folder = laboratory_->world().folder();
    std::unique_ptr<Process> bob;
    bob_place.host.inside([&] {
        bob = std::make_unique<Process>(std::vector<std::string>{"listen", "--config", (folder / "bob.json").string(),
                                                                 "--events", "json", "--answer", "--once", "--send",
                                                                 "test"},
                                        folder / "bob-early.log");
    });
    const std::string account = bob->event("identity", "done")["detail"].value("account", "");
    ASSERT_FALSE(account.empty()) << folder;
    EXPECT_TRUE(bob->event("discovery", "progress", "announced", 2s).is_null()) << "there is nobody to tell";
    laboratory_->network().move(bob_place.host, bob_place.routers.front()->inside());
    ASSERT_FALSE(bob->event("discovery", "progress", "announced", 20s).is_null()) << folder;
    std::unique_ptr<Process> alice;
    alice_place.host.inside(
        [&] { alice = laboratory_->world().call("alice", account, {"--send", "test", "--audio-only"}); });
    EXPECT_FALSE(alice->event("media", "progress", "first_audio").is_null()) << folder;
    alice->interrupt();
    EXPECT_EQ(alice->exit_code(), 0);
    EXPECT_EQ(bob->exit_code(), 0);
}

TEST_F(BadNetwork, ThatIsNotThereForACallIsSaid)
{
    const Peer alice_place = laboratory_->add_peer(side("port-restricted"));
    laboratory_->configure("alice", side("port-restricted"));
    const std::string nobody(64, 'a');
    laboratory_->network().unplug(alice_place.host);
    std::unique_ptr<Process> alice;
    alice_place.host.inside([&] { alice = laboratory_->world().call("alice", nobody, {"--audio-only"}); });
    const Json end = alice->call_end();
    ASSERT_TRUE(end.is_object());
    EXPECT_EQ(end.value("failed_step", ""), "discovery") << end;
    EXPECT_FALSE(end.value("text", "").empty());
    EXPECT_NE(alice->exit_code(), 0);
}

} // namespace
} // namespace laboratory
