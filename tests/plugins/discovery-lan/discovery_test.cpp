// The plugin on the loopback interface, beyond what every discovery promises (sdk/conformance).
//
// Threads: the test's thread is the control thread; the plugin has its own.
#include "tests/plugins/discovery_peer.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using namespace discovery_test;

TEST(LanDiscovery, SaysWhereItListens)
{
    const int socket = ::socket(AF_INET, SOCK_DGRAM, 0); // for a port that is free
    sockaddr_in address{};
    address.sin_family = AF_INET;
    socklen_t size = sizeof(address);
    ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
    ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
    ::close(socket);
    const int port = ntohs(address.sin_port);
    const TestIdentity identity;
    Peer peer("discovery-lan", {{"addresses", {"127.0.0.1"}}, {"port", port}}, &identity);
    ASSERT_EQ(peer.start(), JF_OK) << peer.error();
    EXPECT_EQ(peer.describe()["state"], "online");
    EXPECT_EQ(peer.describe()["listening"].get<std::string>().substr(0, 10), "127.0.0.1:");
}

} // namespace
