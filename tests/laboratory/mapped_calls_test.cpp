// Calls without a relay to somebody whose router maps ports.

#include "mapping_router.hpp"
#include "nat_pairs.hpp"
#include "private_world.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace laboratory {
namespace {

using scenarios::Json;
using scenarios::Process;

struct Kind {
    std::string connectivity;
    std::string protocol;
};

class MappedCall : public ::testing::TestWithParam<Kind> {
protected:
    void SetUp() override
    {
        if (!why_no_world().empty())
            GTEST_SKIP() << why_no_world();
        if (!RelayServer::installed() || !MappingRouter::installed())
            GTEST_SKIP() << "turnserver or miniupnpd is not installed (Debian packages coturn, miniupnpd-nftables)";
    }

    /// With no relay, and as patient as TCP needs that has to wait for a mapping.
    static void configure(PairLaboratory& laboratory, const std::string& peer, const Json& port_mapping)
    {
        laboratory.configure(peer, side("port-restricted"),
                             {{{"turn", Json::array()}, {"port_mapping", port_mapping}}, {{"tcp_grace_ms", 10'000}}});
        if (GetParam().connectivity == "ice-direct")
            laboratory.world().change(peer, [&](Json& config) {
                config["slots"]["connectivity"] = {{"use", "ice-direct"}, {"config", {{"port_mapping", port_mapping}}}};
            });
    }
};

// Without the mapping this pair has no way but a relay (NAT_PAIRS.md), and there is none.
TEST_P(MappedCall, FromBehindASymmetricNatComesThroughWithoutARelay)
{
    PairLaboratory laboratory;
    MappingRouter router(laboratory.network(), laboratory.world().folder());
    Host& alice_host = laboratory.add_peer(side("symmetric")).host;
    Host& bob_host = laboratory.network().add_host(router.inside());
    configure(laboratory, "alice", false);
    configure(laboratory, "bob", {GetParam().protocol});
    std::unique_ptr<Process> alice;
    std::unique_ptr<Process> bob;
    bob_host.inside([&] { bob = laboratory.world().listen("bob", {"--answer", "--once", "--send", "test"}); });
    const std::string account = bob->event("identity", "done")["detail"].value("account", "");
    alice_host.inside([&] { alice = laboratory.world().call("alice", account, {"--send", "test", "--audio-only"}); });
    EXPECT_FALSE(alice->event("media", "progress", "first_audio").is_null()) << laboratory.world().folder();
    EXPECT_FALSE(bob->event("media", "progress", "first_audio").is_null()) << laboratory.world().folder();
    const Json path = alice->event("connectivity", "done");
    ASSERT_TRUE(path.is_object());
    EXPECT_EQ(path["detail"].value("transport", ""), "tcp") << "ports of TCP are mapped, too";
    EXPECT_GT(router.mapped(), 0U);
    alice->interrupt();
    EXPECT_EQ(alice->exit_code(), 0);
    EXPECT_EQ(bob->exit_code(), 0);
    EXPECT_EQ(router.mapped(), 0U) << "what was mapped is taken back";
}

// The routers of the laboratory answer nobody: a mapping is given up after 3.75 seconds at the soonest.
TEST(SilentRouter, HoldsUpNoCall)
{
    if (!why_no_world().empty())
        GTEST_SKIP() << why_no_world();
    if (!RelayServer::installed())
        GTEST_SKIP() << "turnserver is not installed (Debian package coturn)";
    PairLaboratory laboratory;
    Host& alice_host = laboratory.add_peer(side("port-restricted")).host;
    Host& bob_host = laboratory.add_peer(side("port-restricted")).host;
    for (const char* name : {"alice", "bob"})
        laboratory.configure(name, side("port-restricted"), {.connectivity = {{"port_mapping", true}}});
    std::unique_ptr<Process> alice;
    std::unique_ptr<Process> bob;
    bob_host.inside([&] { bob = laboratory.world().listen("bob", {"--answer", "--once", "--send", "test"}); });
    const std::string account = bob->event("identity", "done")["detail"].value("account", "");
    alice_host.inside([&] { alice = laboratory.world().call("alice", account, {"--send", "test", "--audio-only"}); });
    const Json heard = alice->event("media", "progress", "first_audio");
    ASSERT_TRUE(heard.is_object()) << laboratory.world().folder();
    const double took_ms = heard.value("t_ms", 1e9) - alice->event("call", "start").value("t_ms", 0.0);
    EXPECT_LT(took_ms, 3500 * kSlowness);
    alice->interrupt();
    EXPECT_EQ(alice->exit_code(), 0);
    EXPECT_EQ(bob->exit_code(), 0);
}

INSTANTIATE_TEST_SUITE_P(Router, MappedCall,
                         ::testing::Values(Kind{"ice-libnice", "pcp"}, Kind{"ice-libnice", "nat-pmp"},
                                           Kind{"ice-libnice", "upnp"}, Kind{"ice-direct", "pcp"},
                                           Kind{"ice-direct", "upnp"}),
                         [](const auto& test) {
                             std::string name = test.param.connectivity + "_by_" + test.param.protocol;
                             std::ranges::replace(name, '-', '_');
                             return name;
                         });

} // namespace
} // namespace laboratory
