// Calls without a relay to somebody whose router maps ports.

#include "mapping_router.hpp"
#include "nat_pairs.hpp"
#include "private_world.hpp"

#include <gtest/gtest.h>

namespace laboratory {
namespace {

using scenarios::Json;
using scenarios::Process;

class MappedCall : public ::testing::TestWithParam<const char*> {
protected:
    void SetUp() override
    {
        if (!why_no_world().empty())
            GTEST_SKIP() << why_no_world();
        if (!RelayServer::installed() || !MappingRouter::installed())
            GTEST_SKIP() << "turnserver or miniupnpd is not installed (Debian packages coturn, miniupnpd-nftables)";
    }
};

// Without the mapping this pair has no way but a relay (NAT_PAIRS.md), and there is none.
TEST_P(MappedCall, FromBehindASymmetricNatComesThroughWithoutARelay)
{
    PairLaboratory laboratory;
    MappingRouter router(laboratory.network(), laboratory.world().folder());
    Host& alice_host = laboratory.add_peer(side("symmetric")).host;
    Host& bob_host = laboratory.network().add_host(router.inside());
    const Json no_relay = Json::array();
    const Json patient{{"tcp_grace_ms", 10'000}}; // for TCP, which needs a mapping here
    laboratory.configure("alice", side("symmetric"), {{{"turn", no_relay}}, patient});
    laboratory.configure("bob", side("port-restricted"),
                         {{{"turn", no_relay}, {"port_mapping", {GetParam()}}}, patient});
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

INSTANTIATE_TEST_SUITE_P(Router, MappedCall, ::testing::Values("pcp", "nat-pmp", "upnp"), [](const auto& test) {
    return std::string("by_") + (test.param == std::string("nat-pmp") ? "nat_pmp" : test.param);
});

} // namespace
} // namespace laboratory
