// Calls over IPv6 to somebody whose firewall opens pinholes.

#include "mapping_router.hpp"
#include "nat_pairs.hpp"
#include "private_world.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace laboratory {
namespace {

using scenarios::Json;
using scenarios::Process;
using namespace std::chrono_literals;

struct Pinholes {
    std::string connectivity;
    Json protocols;
};

/// Two homes with a /64 each, behind firewalls that let in what was asked for. There are relays for nobody, and IPv4 is
/// for finding each other.
class PinholeCall : public ::testing::TestWithParam<Pinholes> {
protected:
    void SetUp() override
    {
        if (!why_no_world().empty())
            GTEST_SKIP() << why_no_world();
        if (!RelayServer::installed() || !MappingRouter::installed())
            GTEST_SKIP() << "turnserver or miniupnpd is not installed (Debian packages coturn, miniupnpd-nftables)";
        laboratory_ = std::make_unique<PairLaboratory>();
        Network& network = laboratory_->network();
        alice_router_ = MappingRouter::with_ipv6(network, laboratory_->world().folder(), 1);
        bob_router_ = MappingRouter::with_ipv6(network, laboratory_->world().folder(), 2);
        alice_host_ = &network.add_host(alice_router_->inside());
        bob_host_ = &network.add_host(bob_router_->inside());
        for (Host* const host : {alice_host_, bob_host_})
            network.add_ipv6(*host);
    }

    /// By IPv6 alone, and the control path by TCP, which no two firewalls let through by chance.
    void configure(const std::string& peer, const Host& host, const Json& port_mapping)
    {
        laboratory_->configure(peer, side("port-restricted"), {.call = {{"control_policy", "tcp-only"}}});
        laboratory_->world().change(peer, [&](Json& config) {
            config["slots"]["connectivity"] = {
                {"use", GetParam().connectivity},
                {"config",
                 {{"addresses", {host.ipv6()}}, {"connect_timeout_ms", 4000}, {"port_mapping", port_mapping}}}};
        });
    }

    void call()
    {
        bob_host_->inside([&] { bob_ = laboratory_->world().listen("bob", {"--answer", "--once", "--send", "test"}); });
        const std::string account = bob_->event("identity", "done")["detail"].value("account", "");
        alice_host_->inside(
            [&] { alice_ = laboratory_->world().call("alice", account, {"--send", "test", "--audio-only"}); });
    }

    std::unique_ptr<PairLaboratory> laboratory_;
    std::unique_ptr<MappingRouter> alice_router_;
    std::unique_ptr<MappingRouter> bob_router_;
    Host* alice_host_ = nullptr;
    Host* bob_host_ = nullptr;
    std::unique_ptr<Process> alice_;
    std::unique_ptr<Process> bob_;
};

TEST_P(PinholeCall, GoesStraightThroughAFirewallThatWasAsked)
{
    configure("alice", *alice_host_, false);
    configure("bob", *bob_host_, GetParam().protocols);
    call();
    EXPECT_FALSE(alice_->event("media", "progress", "first_audio").is_null()) << laboratory_->world().folder();
    EXPECT_FALSE(bob_->event("media", "progress", "first_audio").is_null()) << laboratory_->world().folder();
    const Json path = alice_->event("connectivity", "done");
    ASSERT_TRUE(path.is_object());
    EXPECT_EQ(path["detail"].value("transport", ""), "tcp");
    EXPECT_FALSE(path["detail"].value("relayed", true));
    EXPECT_NE(path.dump().find(bob_host_->ipv6()), std::string::npos) << path;
    EXPECT_GT(bob_router_->pinholes(), 0U);
    EXPECT_EQ(alice_router_->pinholes(), 0U) << "nobody has asked it";
    alice_->interrupt();
    EXPECT_EQ(alice_->exit_code(), 0);
    EXPECT_EQ(bob_->exit_code(), 0);
    EXPECT_EQ(bob_router_->pinholes(), 0U) << "what was opened is closed";
}

INSTANTIATE_TEST_SUITE_P(Firewall, PinholeCall,
                         ::testing::Values(Pinholes{"ice-libnice", {"pcp"}}, Pinholes{"ice-libnice", {"upnp"}},
                                           Pinholes{"ice-direct", {"pcp"}}),
                         [](const auto& test) {
                             std::string name =
                                 test.param.connectivity + "_by_" + test.param.protocols[0].template get<std::string>();
                             std::ranges::replace(name, '-', '_');
                             return name;
                         });

class UnaskedCall : public PinholeCall {};

// So the tests above show something.
TEST_P(UnaskedCall, FindsNoWay)
{
    configure("alice", *alice_host_, false);
    configure("bob", *bob_host_, false);
    call();
    const Json end = alice_->call_end();
    EXPECT_TRUE(end.is_object()) << laboratory_->world().folder();
    EXPECT_TRUE(alice_->event("media", "progress", "first_audio", 0s).is_null());
    bob_->interrupt();
}

INSTANTIATE_TEST_SUITE_P(Firewall, UnaskedCall, ::testing::Values(Pinholes{"ice-libnice", false}),
                         [](const auto&) { return "ice_libnice"; });

} // namespace
} // namespace laboratory
