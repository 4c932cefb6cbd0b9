// The configurations of samples/configs, each in the network that it is for.

#include "nat_pairs.hpp"
#include "private_world.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace laboratory {
namespace {

using namespace std::chrono_literals;
using scenarios::Json;
using scenarios::Process;

class SampleInItsNetwork : public ::testing::Test {
protected:
    void SetUp() override
    {
        if (!why_no_world().empty())
            GTEST_SKIP() << why_no_world();
        if (!RelayServer::installed())
            GTEST_SKIP() << "turnserver is not installed (Debian package coturn)";
        laboratory_ = std::make_unique<PairLaboratory>();
    }

    std::filesystem::path folder() { return laboratory_->world().folder(); }

    void configure(const std::string& sample)
    {
        laboratory_->configure_as_sample("alice", sample);
        laboratory_->configure_as_sample("bob", sample);
    }

    /// Sound both ways, and pictures where the sample has them. Returns with both hearing each other.
    void call(const Host& alice_host, const Host& bob_host)
    {
        auto& world = laboratory_->world();
        bob_host.inside([&] { bob_ = world.listen("bob", {"--answer", "--once", "--send", "test"}); });
        const std::string account = bob_->event("identity", "done")["detail"].value("account", "");
        world.introduce("alice", account, bob_host.address().text() + ":4300");
        alice_host.inside([&] { alice_ = world.call("alice", account, {"--send", "test"}); });
        for (Process* peer : {alice_.get(), bob_.get()})
            ASSERT_FALSE(peer->event("media", "progress", "first_audio").is_null()) << folder();
    }

    Json statistics(Process& peer, const std::string& kind)
    {
        const Json event = peer.find([&](const Json& one) {
            return one.contains("detail") && one["detail"].value("what", "") == "statistics" &&
                   one["detail"].value("kind", "") == kind && one["detail"].contains("path");
        });
        return event.is_null() ? Json::object() : event["detail"];
    }

    void expect_media(bool relayed)
    {
        for (Process* peer : {alice_.get(), bob_.get()}) {
            const Json sound = statistics(*peer, "audio");
            ASSERT_TRUE(sound.contains("path")) << folder();
            EXPECT_EQ(sound["path"].value("relayed", false), relayed) << sound;
            EXPECT_FALSE(peer->event("media", "progress", "first_video").is_null()) << folder();
        }
    }

    void expect_good_end()
    {
        alice_->interrupt();
        EXPECT_EQ(alice_->exit_code(), 0) << folder();
        EXPECT_EQ(bob_->exit_code(), 0) << folder();
    }

    std::unique_ptr<PairLaboratory> laboratory_;
    std::unique_ptr<Process> alice_;
    std::unique_ptr<Process> bob_;
};

TEST_F(SampleInItsNetwork, NeighboursNeedNoServer)
{
    Peer alice = laboratory_->add_peer(side("UDP blocked")); // what goes out does not matter
    Host& bob = laboratory_->network().add_host(alice.routers.front()->inside());
    configure("local-network.json");
    ASSERT_NO_FATAL_FAILURE(call(alice.host, bob));
    expect_media(/*relayed=*/false);
    expect_good_end();
}

TEST_F(SampleInItsNetwork, TwoMachinesThatKnowEachOthersAddressNeedNoServer)
{
    Peer alice = laboratory_->add_peer(side("UDP blocked"));
    Host& bob = laboratory_->network().add_host(alice.routers.front()->inside());
    configure("static-peers.json");
    ASSERT_NO_FATAL_FAILURE(call(alice.host, bob));
    expect_media(/*relayed=*/false);
    expect_good_end();
}

TEST_F(SampleInItsNetwork, BehindARouterEachASTUNServerIsEnough)
{
    const Peer alice = laboratory_->add_peer(side("port-restricted"));
    const Peer bob = laboratory_->add_peer(side("port-restricted"));
    configure("behind-a-router.json");
    ASSERT_NO_FATAL_FAILURE(call(alice.host, bob.host));
    expect_media(/*relayed=*/false);
    expect_good_end();
}

TEST_F(SampleInItsNetwork, WhereOnlyTheWebIsLetOutARelayOverTLSCarriesAll)
{
    const Peer alice = laboratory_->add_peer(side("web only"));
    const Peer bob = laboratory_->add_peer(side("web only"));
    configure("strict-firewall.json");
    ASSERT_NO_FATAL_FAILURE(call(alice.host, bob.host));
    expect_media(/*relayed=*/true);
    expect_good_end();
}

TEST_F(SampleInItsNetwork, AThinLinkCarriesSoundAndNothingElse)
{
    const Peer alice = laboratory_->add_peer(side("open"));
    const Peer bob = laboratory_->add_peer(side("open"));
    configure("thin-link.json");
    laboratory_->network().change(alice.host, R"({"rate_bps": 56000, "delay_ms": 40, "queue_bytes": 12000})");
    ASSERT_NO_FATAL_FAILURE(call(alice.host, bob.host));
    const Json sound = statistics(*alice_, "audio");
    EXPECT_LT(sound.value("sent_bps", 1e9), 40'000) << sound;
    EXPECT_LT(sound.value("packets_lost", 1000), 10) << sound;
    EXPECT_TRUE(alice_->find([](const Json& one) { return one.dump().find("first_video") != std::string::npos; }, 0ms)
                    .is_null());
    expect_good_end();
}

TEST_F(SampleInItsNetwork, AResearcherHasEverySeamInAFile)
{
    const Peer alice = laboratory_->add_peer(side("open"));
    const Peer bob = laboratory_->add_peer(side("open"));
    configure("trace-everything.json");
    laboratory_->world().change("bob", [](Json& config) { config["slots"].erase("path_decorator"); });
    ASSERT_NO_FATAL_FAILURE(call(alice.host, bob.host));
    ASSERT_FALSE(statistics(*alice_, "audio").empty()) << "a second of sound";
    expect_good_end();
    const auto text = [&](const std::string& name) {
        std::ifstream file(folder() / name, std::ios::binary);
        return std::string((std::istreambuf_iterator<char>(file)), {});
    };
    EXPECT_NE(text("trace-signaling.pcapng").find("INVITE sip:"), std::string::npos) << "signaling, in clear";
    EXPECT_EQ(text("trace-control.pcapng").find("INVITE sip:"), std::string::npos) << "on the wire it is not";
    EXPECT_GT(text("trace-control.pcapng").size(), 1000U);
    EXPECT_GT(text("trace-secured.pcapng").size(), 1000U);
    EXPECT_GT(text("trace-media.pcapng").size(), 1000U);
    EXPECT_NE(text("trace-paths.jsonl").find("media"), std::string::npos);
}

} // namespace
} // namespace laboratory
