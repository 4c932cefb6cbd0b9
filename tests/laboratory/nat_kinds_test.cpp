// Every NAT of the laboratory is what it says, by the judgement of a STUN server that knows nothing of it.

#include "folder.hpp"
#include "private_world.hpp"
#include "probe.hpp"
#include "servers.hpp"

#include <gtest/gtest.h>

namespace laboratory {
namespace {

class NatKind : public ::testing::Test {
protected:
    void SetUp() override
    {
        if (!why_no_world().empty())
            GTEST_SKIP() << why_no_world();
        if (!RelayServer::installed())
            GTEST_SKIP() << "turnserver is not installed (Debian package coturn)";
        server_ = std::make_unique<RelayServer>(network_, folder_.path());
    }

    void expect_kind(const NatBehaviour& behaviour)
    {
        Router& router = network_.add_router(network_.internet(), behaviour);
        Host& host = network_.add_host(router.inside());
        const auto report = probe(host, server_->place());
        EXPECT_EQ(text_of(report), expected_report(behaviour));
        if (!behaviour.udp)
            return;
        EXPECT_TRUE(report.translated);
        EXPECT_EQ(report.mapped->address.text(), router.outside().text());
    }

    Folder folder_;
    Network network_{1};
    std::unique_ptr<RelayServer> server_;
};

TEST_F(NatKind, OfAHostWithoutNatIsNone)
{
    Host& host = network_.add_host(network_.internet());
    const auto report = probe(host, server_->place());
    EXPECT_EQ(text_of(report), "endpoint-independent mapping, endpoint-independent filtering");
    EXPECT_FALSE(report.translated);
}

TEST_F(NatKind, OfEveryRouterIsWhatItSays)
{
    for (const auto mapping :
         {Dependence::endpoint_independent, Dependence::address_dependent, Dependence::address_and_port_dependent}) {
        for (const auto filtering : {Dependence::endpoint_independent, Dependence::address_dependent,
                                     Dependence::address_and_port_dependent}) {
            NatBehaviour behaviour;
            behaviour.mapping = mapping;
            behaviour.filtering = filtering;
            behaviour.random_ports = mapping == Dependence::address_and_port_dependent;
            expect_kind(behaviour);
        }
    }
}

TEST_F(NatKind, OfRoutersWithoutUdpIsThatNoneGetsThrough)
{
    expect_kind(udp_blocked());
}

TEST_F(NatKind, OfANat64IsWhatItSaysToWhoHasIpv6Alone)
{
    expect_kind(nat64());
}

TEST_F(NatKind, OfTwoRoutersInARowIsTheStricter)
{
    Router& carrier = network_.add_router(network_.internet(), symmetric(), /*carrier=*/true);
    Router& home = network_.add_router(carrier.inside(), address_restricted());
    const auto report = probe(network_.add_host(home.inside()), server_->place());
    EXPECT_EQ(text_of(report), expected_report(symmetric()));
    EXPECT_EQ(report.mapped->address.text(), carrier.outside().text());
}

} // namespace
} // namespace laboratory
