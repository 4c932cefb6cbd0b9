// What needs a network with addresses of its own: a NAT64 whose prefix is known late, and a peer who is shown to
// libnice anew because a relay was quicker than the connection to him.
#include "ice_session.hpp"
#include "tests/plugins/own_loopback.hpp"
#include "turn_server.hpp"

#include <nlohmann/json.hpp>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>

#include <algorithm>
#include <set>

namespace jackfield::ice_test {
namespace {

using testing::enter_network_with;
using testing::SlowNameServer;

/// "host 64:ff9b::.. : no answer" of each pair of a session.
std::vector<std::string> remotes_of(const IceSession& session)
{
    std::vector<std::string> remotes;
    const auto document = nlohmann::json::parse(session.tried());
    for (const auto& pair : document["pairs"])
        remotes.push_back(pair.value("remote", "-") + ": " + pair.value("result", ""));
    return remotes;
}

bool contains(const std::vector<std::string>& all, const std::string& one)
{
    return std::ranges::find(all, one) != all.end();
}

// A session that begins before the answer has come: its relays and the peer's addresses of IPv4 are behind the NAT64
// from then on.
TEST(LateNat64, GivesASessionItsRelaysAndTheWayToIpv4)
{
    const std::string why = enter_network_with({"2001:db8::2/64", "64:ff9b::c000:207/96"});
    SlowNameServer names(why.empty());
    if (!why.empty() || !names.ready())
        GTEST_SKIP() << why << " (a name server of one's own needs its port and /etc/resolv.conf)";
    const int relay = socket(AF_INET6, SOCK_DGRAM, 0); // who hears us there is all that we want to know
    sockaddr_in6 place{};
    place.sin6_family = AF_INET6;
    place.sin6_port = htons(3478);
    inet_pton(AF_INET6, "64:ff9b::c000:207", &place.sin6_addr);
    ASSERT_EQ(bind(relay, reinterpret_cast<const sockaddr*>(&place), sizeof(place)), 0);
    FakeHost host;
    const auto instance = make_instance(host, R"({"addresses": ["2001:db8::2"], "pacing_ms": 1,
        "turn": [{"server": "192.0.2.7:3478", "username": "user", "password": "secret"}]})");
    IceSession session(*instance, JF_CONTROLLING, JF_DATAGRAM);
    session.gather();
    session.set_remote("ufrg\n0123456789012345678901\n1 1 UDP 5 198.51.100.7 5000 typ host\n");
    EXPECT_TRUE(contains(remotes_of(session), "198.51.100.7:5000: not formed")) << session.tried();
    EXPECT_FALSE(host.run_until([&] { return session.gathered_ != 0; }, std::chrono::milliseconds(50)))
        << "the answer is waited for";
    names.answer();
    EXPECT_TRUE(host.run_until([&] {
        return std::ranges::any_of(remotes_of(session),
                                   [](const auto& one) { return one.starts_with("[64:ff9b::c633:6407]:5000"); });
    })) << session.tried();
    pollfd heard{relay, POLLIN, 0};
    EXPECT_EQ(poll(&heard, 1, 20'000), 1) << "nobody has asked the relay behind the NAT64";
    close(relay);
}

/// Somebody to whom a connection is punched: he listens, notes the checks that come, and answers none.
class MutePeer {
public:
    explicit MutePeer(const char* address) : listener_(socket(AF_INET, SOCK_STREAM, 0))
    {
        sockaddr_in place{};
        place.sin_family = AF_INET;
        inet_pton(AF_INET, address, &place.sin_addr);
        socklen_t size = sizeof(place);
        EXPECT_EQ(bind(listener_, reinterpret_cast<const sockaddr*>(&place), size), 0);
        EXPECT_EQ(listen(listener_, 4), 0);
        EXPECT_EQ(getsockname(listener_, reinterpret_cast<sockaddr*>(&place), &size), 0);
        port = ntohs(place.sin_port);
    }
    MutePeer(const MutePeer&) = delete;
    MutePeer& operator=(const MutePeer&) = delete;
    ~MutePeer()
    {
        close(listener_);
        if (peer_ >= 0)
            close(peer_);
    }

    /// How many different checks have come: the transactions of STUN in frames of RFC 4571.
    std::size_t checks()
    {
        pollfd waiting{peer_ < 0 ? listener_ : peer_, POLLIN, 0};
        while (poll(&waiting, 1, 0) == 1) {
            if (peer_ < 0) {
                peer_ = accept(listener_, nullptr, nullptr);
                waiting.fd = peer_;
                continue;
            }
            char bytes[4096];
            const auto count = recv(peer_, bytes, sizeof(bytes), 0);
            if (count <= 0)
                break;
            stream_.append(bytes, static_cast<std::size_t>(count));
        }
        while (stream_.size() >= 2) {
            const auto size = static_cast<std::size_t>(static_cast<std::uint8_t>(stream_[0]) << 8 |
                                                       static_cast<std::uint8_t>(stream_[1]));
            if (stream_.size() < size + 2)
                break;
            if (size >= 20 && stream_[2] == 0 && stream_[3] == 1) // a Binding request (RFC 8489 section 5)
                transactions_.insert(stream_.substr(2 + 8, 12));
            stream_.erase(0, size + 2);
        }
        return transactions_.size();
    }

    std::uint16_t port = 0;

private:
    int listener_;
    int peer_ = -1;
    std::string stream_;
    std::set<std::string> transactions_;
};

// libnice makes no new pair with somebody it knows, and once a relay is nominated it may have dropped the one it had.
TEST(PunchedAgain, IsWhoeverWasNotHeardBeforeARelayWasSelected)
{
    const std::string why = enter_network_with({"192.0.2.1/32"});
    if (!why.empty())
        GTEST_SKIP() << why;
    if (!TurnServer::installed())
        GTEST_SKIP() << "turnserver is not installed (Debian package coturn)";
    TurnServer server({"-L", "192.0.2.1"});
    ASSERT_TRUE(server.started()) << server.log();
    const std::string port = server.address().substr(server.address().rfind(':'));
    FakeHost host;
    const auto ours = make_instance(host, R"({"addresses": ["127.0.0.1", "192.0.2.1"], "pacing_ms": 1,
        "stun": ["192.0.2.1)" + port + R"("]})");
    const auto theirs = make_instance(host, R"({"addresses": ["127.0.0.1"], "pacing_ms": 1, "relay_only": true,
        "turn": [{"server": ")" + server.address() +
                                                R"(", "username": "user", "password": "secret"}]})");
    IceSession us(*ours, JF_CONTROLLING, JF_DATAGRAM);
    IceSession peer(*theirs, JF_CONTROLLED, JF_DATAGRAM);
    us.gather();
    peer.gather();
    ASSERT_TRUE(host.run_until([&] { return !peer.candidates_.empty(); })) << server.log();
    const auto lines = lines_of(peer.description());
    MutePeer mute("192.0.2.1");
    us.set_remote(lines[0] + "\n" + lines[1] + "\n9 1 TCP 805306367 192.0.2.1 " + std::to_string(mute.port) +
                  " typ srflx raddr 192.0.2.1 rport 9 tcptype so\n");
    ASSERT_TRUE(host.run_until([&] { return mute.checks() != 0; })) << "nobody has come";
    EXPECT_EQ(mute.checks(), 1U);
    for (const auto& line : peer.candidates_)
        us.add(line);
    peer.set_remote(us.description());
    ASSERT_TRUE(host.run_until([&] { return us.pairs_.contains(1); })) << us.text_;
    ASSERT_TRUE(us.pairs_.at(1).relayed) << us.pairs_.at(1).remote;
    EXPECT_TRUE(host.run_until([&] { return mute.checks() > 1; })) << "he was not tried again";
}

} // namespace
} // namespace jackfield::ice_test
