// TCP through two NATs that let nobody in, by simultaneous open.

#include "folder.hpp"
#include "private_world.hpp"
#include "servers.hpp"

#include "tests/plugins/ice-libnice/punching_end.hpp"

namespace laboratory {
namespace {

using jackfield::ice::End;
using jackfield::ice::Endpoint;

class Punching : public ::testing::Test {
protected:
    void SetUp() override
    {
        if (!why_no_world().empty())
            GTEST_SKIP() << why_no_world();
        if (!RelayServer::installed())
            GTEST_SKIP() << "turnserver is not installed (Debian package coturn)";
        relay_ = std::make_unique<RelayServer>(network_, folder_.path());
    }

    /// Somebody at home, who asks the server where he is seen.
    std::unique_ptr<End> make_end(const NatBehaviour& nat, bool controlling)
    {
        routers_.push_back(&network_.add_router(network_.internet(), nat));
        Host& host = network_.add_host(routers_.back()->inside());
        network_.change(host, R"({"delay_ms": 15})"); // so that neither hears of the other's SYN before his own
        std::unique_ptr<End> end;
        host.inside([&] { end = std::make_unique<End>(/*stream=*/false, controlling, host.address().text()); });
        end->start(Endpoint{*jackfield::ice::IpAddress::parse(relay_->place().address.text()), relay_->place().port});
        return end;
    }

    Network network_{1};
    Folder folder_;
    std::unique_ptr<RelayServer> relay_;
    std::vector<Router*> routers_;
};

TEST_F(Punching, ConnectsWhatTwoPortRestrictedNatsKeepApart)
{
    const auto alice = make_end(udp_blocked(), true); // of TCP such a NAT is port-restricted
    const auto bob = make_end(port_restricted(), false);
    const auto at_alice = alice->mapped.at(0);
    const auto at_bob = bob->mapped.at(0);
    ASSERT_TRUE(at_alice && *at_alice && at_bob && *at_bob) << relay_->log();
    EXPECT_EQ((*at_alice)->address.text(), routers_[0]->outside().text());
    alice->puncher->add_remote(1, **at_bob);
    bob->puncher->add_remote(1, **at_alice);
    const auto found = alice->punched.at(0);
    ASSERT_TRUE(found) << "they have not met";
    EXPECT_EQ(found->remote, **at_bob);
    ASSERT_TRUE(bob->punched.at(0));
    sockaddr_storage address{};
    const auto size = found->stand_in.address.to_sockaddr(found->stand_in.port, address);
    sendto(alice->libnice.socket(), "hello", 5, 0, reinterpret_cast<const sockaddr*>(&address), size);
    ASSERT_TRUE(bob->libnice.wait(bob->libnice.socket(), 20'000));
    char heard[16];
    EXPECT_EQ(recv(bob->libnice.socket(), heard, sizeof(heard), MSG_DONTWAIT), 5);
}

TEST_F(Punching, IsInVainWhereASymmetricNatShowsAnotherPortToEverybody)
{
    const auto alice = make_end(symmetric(), true);
    const auto bob = make_end(port_restricted(), false);
    const auto at_alice = alice->mapped.at(0);
    const auto at_bob = bob->mapped.at(0);
    ASSERT_TRUE(at_alice && *at_alice && at_bob && *at_bob) << relay_->log();
    bob->puncher->add_remote(1, **at_alice);
    alice->puncher->add_remote(1, **at_bob);
    EXPECT_FALSE(alice->punched.at(0, std::chrono::milliseconds(500)));
    EXPECT_GT(network_.filtered(*routers_[1]), 0U);
}

} // namespace
} // namespace laboratory
