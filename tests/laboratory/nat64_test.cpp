// A network that has IPv6 alone: headers translated there and back, and a resolver that tells of the NAT64.

#include "nat64.hpp"
#include "private_world.hpp"
#include "udp_socket.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <set>

namespace laboratory {
namespace {

using namespace std::chrono_literals;

std::string text(const Ipv6Bytes& address)
{
    char buffer[INET6_ADDRSTRLEN] = "";
    inet_ntop(AF_INET6, address.data(), buffer, sizeof(buffer));
    return buffer;
}

TEST(Nat64Addresses, AreThoseOfIpv4BehindAPrefix)
{
    const Address neighbour = Address::parse("192.168.1.2");
    const Address server = Address::parse("198.51.100.1");
    EXPECT_EQ(text(neighbour_v6(neighbour)), "2001:db8:64::c0a8:102");
    EXPECT_EQ(text(outside_v6(server)), "64:ff9b::c633:6401");
    EXPECT_EQ(v4_of(neighbour_v6(neighbour)), neighbour);
    EXPECT_EQ(v4_of(outside_v6(server)), server);
    EXPECT_EQ(v4_of(Ipv6Bytes{0x20, 0x01}), std::nullopt);
}

class Ipv6Alone : public ::testing::Test {
protected:
    void SetUp() override
    {
        if (!why_no_world().empty())
            GTEST_SKIP() << why_no_world();
        server_ = &network_.add_host(network_.internet());
        router_ = &network_.add_router(network_.internet(), nat64());
        host_ = &network_.add_host(router_->inside());
    }

    Network network_{1};
    Host* server_ = nullptr;
    Router* router_ = nullptr;
    Host* host_ = nullptr;
};

TEST_F(Ipv6Alone, ReachesIpv4BothWaysThroughTheNat64)
{
    const UdpSocket server(*server_);
    const UdpSocket client(*host_);
    client.send(server.local(), "a question");
    const auto question = server.receive(5s);
    ASSERT_TRUE(question);
    EXPECT_EQ(question->text, "a question");
    EXPECT_EQ(question->from.address, router_->outside());
    server.send(question->from, "an answer of an odd length.");
    const auto answer = client.receive(5s);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->text, "an answer of an odd length.");
    EXPECT_EQ(answer->from, server.local());
}

TEST_F(Ipv6Alone, ReachesItsNeighbourDirectly)
{
    const Host& neighbour = network_.add_host(router_->inside());
    int listener = -1;
    int client = -1;
    sockaddr_in6 place{};
    place.sin6_family = AF_INET6;
    place.sin6_port = htons(7);
    const auto address = neighbour_v6(neighbour.address());
    std::copy(address.begin(), address.end(), place.sin6_addr.s6_addr);
    neighbour.inside([&] { listener = socket(AF_INET6, SOCK_STREAM, 0); });
    host_->inside([&] { client = socket(AF_INET6, SOCK_STREAM, 0); });
    ASSERT_EQ(bind(listener, reinterpret_cast<const sockaddr*>(&place), sizeof(place)), 0) << std::strerror(errno);
    ASSERT_EQ(listen(listener, 1), 0);
    EXPECT_EQ(connect(client, reinterpret_cast<const sockaddr*>(&place), sizeof(place)), 0);
    sockaddr_in6 from{};
    socklen_t size = sizeof(from);
    const int accepted = accept(listener, reinterpret_cast<sockaddr*>(&from), &size);
    Ipv6Bytes peer;
    std::copy(std::begin(from.sin6_addr.s6_addr), std::end(from.sin6_addr.s6_addr), peer.begin());
    EXPECT_EQ(text(peer), text(neighbour_v6(host_->address())));
    for (const int descriptor : {listener, client, accepted})
        close(descriptor);
}

TEST_F(Ipv6Alone, HasNoIpv4AndANameServerThatTellsOfThePrefix)
{
    std::set<std::string> found;
    int unknown = 0;
    bool v4 = true;
    host_->inside([&] {
        addrinfo wanted{};
        wanted.ai_socktype = SOCK_DGRAM;
        wanted.ai_flags = AI_ADDRCONFIG;
        addrinfo* list = nullptr;
        if (getaddrinfo("ipv4only.arpa.", nullptr, &wanted, &list) == 0) {
            for (const addrinfo* one = list; one != nullptr; one = one->ai_next) {
                char name[INET6_ADDRSTRLEN] = "";
                getnameinfo(one->ai_addr, one->ai_addrlen, name, sizeof(name), nullptr, 0, NI_NUMERICHOST);
                found.insert(name);
            }
            freeaddrinfo(list);
        }
        unknown = getaddrinfo("nobody.example.", nullptr, &wanted, &list);
        const int probe = socket(AF_INET, SOCK_DGRAM, 0);
        sockaddr_in there{};
        there.sin_family = AF_INET;
        there.sin_port = htons(9);
        there.sin_addr.s_addr = htonl(server_->address().value);
        v4 = connect(probe, reinterpret_cast<const sockaddr*>(&there), sizeof(there)) == 0;
        close(probe);
    });
    EXPECT_EQ(found, (std::set<std::string>{"64:ff9b::c000:aa", "64:ff9b::c000:ab"}));
    EXPECT_EQ(unknown, EAI_NONAME);
    EXPECT_FALSE(v4);
}

} // namespace
} // namespace laboratory
