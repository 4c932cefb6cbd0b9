// The plugin on the loopback interface, beyond what every discovery promises (sdk/conformance).
//
// Threads: the test's thread is the control thread; the plugin has its own.
#include "tests/plugins/discovery_peer.hpp"
#include "tests/plugins/own_loopback.hpp"

#include <jackfield/testing/diagnosis_record.hpp>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>

namespace {

using namespace discovery_test;
using jackfield::testing::DiagnosisRecord;
using jackfield::testing::enter_network_with;

int free_port()
{
    const int socket = ::socket(AF_INET, SOCK_DGRAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    socklen_t size = sizeof(address);
    ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
    ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
    ::close(socket);
    return ntohs(address.sin_port);
}

Json at(const std::string& address, int port)
{
    return {{"addresses", {address}}, {"port", port}};
}

TEST(LanDiscovery, SaysWhereItListens)
{
    const TestIdentity identity;
    Peer peer("discovery-lan", at("127.0.0.1", free_port()), &identity);
    ASSERT_EQ(peer.start(), JF_OK) << peer.error();
    EXPECT_EQ(peer.describe()["state"], "online");
    EXPECT_EQ(peer.describe()["listening"].get<std::string>().substr(0, 10), "127.0.0.1:");
}

TEST(LanDiagnosis, HearsItselfAndItsNeighbours)
{
    const int port = free_port();
    DiagnosisRecord alone(JACKFIELD_TEST_PLUGIN_DIR, "discovery-lan", at("127.0.0.1", port).dump());
    ASSERT_TRUE(alone.run());
    EXPECT_TRUE(alone.said("lan/0").starts_with("ok: lo (127.0.0.1) sends to the group")) << alone.said("lan/0");
    EXPECT_TRUE(alone.said("neighbours").starts_with("note: Nobody else")) << alone.said("neighbours");
    const TestIdentity identity;
    Peer neighbour("discovery-lan", at("127.0.0.2", port), &identity); // no address of this machine, and yet there
    ASSERT_EQ(neighbour.start(), JF_OK) << neighbour.error();
    DiagnosisRecord record(JACKFIELD_TEST_PLUGIN_DIR, "discovery-lan", at("127.0.0.1", port).dump());
    ASSERT_TRUE(record.run());
    EXPECT_EQ(record.said("neighbours"), "ok: 1 neighbour answers: 127.0.0.2");
}

TEST(LanDiagnosis, KnowsThatAnAddressIsNobodys)
{
    DiagnosisRecord record(JACKFIELD_TEST_PLUGIN_DIR, "discovery-lan", at("192.0.2.9", free_port()).dump());
    ASSERT_TRUE(record.run());
    EXPECT_TRUE(record.said("lan/0").starts_with("problem: 192.0.2.9 cannot be used: ")) << record.said("lan/0");
    EXPECT_TRUE(record.said("neighbours").starts_with("skipped: ")) << record.said("neighbours");
}

/// In a network of our own a firewall drops what goes to the group.
bool enter_network_without_multicast(const std::string& hook)
{
    if (!enter_network_with({}).empty())
        return false;
    const std::string words = "nft add table ip f && nft add chain ip f c '{ type filter hook " + hook +
                              " priority 0; }' && nft add rule ip f c ip daddr 239.255.74.76 drop";
    return std::system((words + " 2>/dev/null").c_str()) == 0;
}

struct Drop {
    const char* hook; // of the firewall
    const char* said;
};

void PrintTo(const Drop& drop, std::ostream* out)
{
    *out << drop.hook;
}

class LanFirewall : public ::testing::TestWithParam<Drop> {};

TEST_P(LanFirewall, IsToldByWhatItDrops)
{
    if (!enter_network_without_multicast(GetParam().hook))
        GTEST_SKIP() << "no network of our own with a firewall here (user namespaces, ip, nft)";
    DiagnosisRecord record(JACKFIELD_TEST_PLUGIN_DIR, "discovery-lan", at("127.0.0.1", 4381).dump());
    ASSERT_TRUE(record.run());
    EXPECT_TRUE(record.said("lan/0").starts_with("problem: lo (127.0.0.1) ")) << record.said("lan/0");
    EXPECT_NE(record.said("lan/0").find(GetParam().said), std::string::npos) << record.said("lan/0");
}

INSTANTIATE_TEST_SUITE_P(Drops, LanFirewall,
                         ::testing::Values(Drop{"input", "what it sends is not heard"},
                                           Drop{"output", "cannot send to the group"}),
                         [](const auto& suite) { return suite.param.hook; });

} // namespace
