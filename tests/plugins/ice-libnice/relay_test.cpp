// Paths through a TURN relay, with a real one: over UDP, over TCP and over TLS, seen by the peer and not, alive and
// dead.
#include "ice_session.hpp"
#include "tls_echo.hpp"
#include "turn_server.hpp"

#include <gmock/gmock.h>
#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace jackfield::ice_test {
namespace {

class Relays : public ::testing::TestWithParam<const char*> {
protected:
    void SetUp() override
    {
        if (!TurnServer::installed())
            GTEST_SKIP() << "turnserver is not installed (Debian package coturn)";
    }

    static std::string config(const TurnServer& server, const std::string& more)
    {
        return R"({"addresses": ["127.0.0.1"], "pacing_ms": 1, "turn": [{"server": ")" + server.address() +
               R"(", "transport": ")" + GetParam() + R"(", "username": "user", "password": "secret")" + trust(server) +
               "}]" + more + "}";
    }
    static bool tls() { return std::string_view(GetParam()) == "tls"; }
    static std::string trust(const TurnServer& server)
    {
        return tls() ? R"(, "server_name": "relay.example.net", "ca": ")" + server.ca() + '"' : "";
    }
    /// How many sessions the server has been told to end. It may be told twice: a goodbye that it is slow to answer is
    /// repeated.
    static std::size_t goodbyes(const TurnServer& server)
    {
        std::set<std::string> sessions;
        std::istringstream log(server.log());
        for (std::string line; std::getline(log, line);) {
            const auto name = line.find("session ");
            if (name != std::string::npos && (line + ',').find("lifetime=0,") != std::string::npos)
                sessions.insert(line.substr(name, line.find(':', name) - name));
        }
        return sessions.size();
    }
    static std::string relay_only(const TurnServer& server) { return config(server, R"(, "relay_only": true)"); }
};

TEST_P(Relays, CarryDatagramsAndHideWhoIsBehindThem)
{
    TurnServer server({}, tls());
    ASSERT_TRUE(server.started()) << server.log();
    FakeHost host;
    const auto left = make_instance(host, relay_only(server));
    const auto right = make_instance(host, relay_only(server));
    Call call(*left, *right, JF_DATAGRAM, 2);
    ASSERT_TRUE(call.connect(host, 2)) << call.a.text_ << call.b.text_ << server.log();
    for (auto* session : {&call.a, &call.b}) {
        EXPECT_TRUE(session->pairs_.at(1).relayed);
        EXPECT_NE(session->pairs_.at(1).local.find("typ relay raddr 0.0.0.0 rport 9"), std::string::npos);
        const auto lines = lines_of(session->description());
        ASSERT_EQ(lines.size(), 4U) << session->description();
        for (std::size_t i = 2; i < lines.size(); ++i)
            EXPECT_THAT(lines[i], ::testing::EndsWith(" typ relay raddr 0.0.0.0 rport 9"));
        EXPECT_EQ(session->candidates_.size(), 2U) << "they come after gather returned";
    }
    Ear at_a;
    Ear at_b;
    call.a.path().open(at_a);
    call.b.path().open(at_b);
    EXPECT_EQ(call.a.path().describe().overhead_bytes, 32U);
    for (unsigned i = 0; i < 20; ++i) {
        ASSERT_EQ(call.a.path().send(pattern(1400, i)), JF_OK);
        ASSERT_TRUE(at_b.wait_for_packets(i + 1));
        ASSERT_EQ(call.b.path().send(pattern(100, i)), JF_OK);
        ASSERT_TRUE(at_a.wait_for_packets(i + 1));
        EXPECT_EQ(at_b.packets_[i], pattern(1400, i));
        EXPECT_EQ(at_a.packets_[i], pattern(100, i));
    }
    call.a.path().close();
    call.b.path().close();
}

TEST_P(Relays, AreOfferedBesideHostCandidatesAndNotPreferred)
{
    TurnServer server({}, tls());
    ASSERT_TRUE(server.started()) << server.log();
    FakeHost host;
    const auto instance = make_instance(host, config(server, ""));
    Call call(*instance, *instance, JF_DATAGRAM);
    ASSERT_TRUE(call.connect(host, 1)) << call.a.text_;
    EXPECT_TRUE(host.run_until([&] { return !call.a.pairs_.at(1).relayed; }))
        << "the check over the peer's relay may be answered first; " << call.a.pairs_.at(1).local;
    ASSERT_TRUE(host.run_until([&] { return call.a.gathered_ == 1 && !call.a.candidates_.empty(); }));
    EXPECT_THAT(call.a.candidates_.at(0), ::testing::ContainsRegex(" typ relay raddr 127.0.0.1 rport [0-9]+$"));
}

TEST_P(Relays, OneRelayedSideIsEnough)
{
    TurnServer server({}, tls());
    ASSERT_TRUE(server.started()) << server.log();
    FakeHost host;
    const auto left = make_instance(host, relay_only(server));
    const auto right = make_instance(host);
    Call call(*left, *right, JF_DATAGRAM);
    ASSERT_TRUE(call.connect(host, 1)) << call.a.text_ << call.b.text_;
    EXPECT_TRUE(call.a.pairs_.at(1).relayed);
    EXPECT_TRUE(host.run_until([&] { return call.b.pairs_.at(1).relayed; }))
        << "its candidate may come after its check";
}

TEST_P(Relays, AreKnownAsSuchThoughTheirCandidateComesAfterTheirCheck)
{
    TurnServer server({}, tls());
    ASSERT_TRUE(server.started()) << server.log();
    FakeHost host;
    const auto left = make_instance(host, relay_only(server));
    const auto right = make_instance(host);
    Call call(*left, *right, JF_DATAGRAM);
    call.a.peer_ = nullptr; // nobody tells the other side where the relay is
    call.a.gather();
    call.b.gather();
    const auto described = lines_of(call.a.description());
    call.b.set_remote(described.at(0) + "\n" + described.at(1) + "\n"); // the relay may have answered already
    call.a.set_remote(call.b.description());
    ASSERT_TRUE(host.run_until([&] { return call.b.ready() == 1; })) << call.b.text_;
    EXPECT_FALSE(call.b.pairs_.at(1).relayed) << call.b.pairs_.at(1).remote;
    EXPECT_EQ(call.b.add(lines_of(call.a.description()).at(2)), JF_OK);
    ASSERT_TRUE(host.run_until([&] { return call.b.pairs_.at(1).relayed; }));
    EXPECT_EQ(call.b.pairs_.at(1).remote.find(" prflx"), std::string::npos) << call.b.pairs_.at(1).remote;
}

TEST_P(Relays, SeveralThreadsMaySend)
{
    TurnServer server({}, tls());
    ASSERT_TRUE(server.started()) << server.log();
    FakeHost host;
    const auto left = make_instance(host, relay_only(server));
    const auto right = make_instance(host, relay_only(server));
    Ear at_a; // before the call: packets still come when the test has seen enough
    Ear at_b;
    Call call(*left, *right, JF_DATAGRAM);
    ASSERT_TRUE(call.connect(host, 1)) << call.a.text_;
    call.a.path().open(at_a);
    call.b.path().open(at_b);
    {
        std::vector<std::jthread> threads;
        for (unsigned thread = 0; thread < 4; ++thread) {
            threads.emplace_back([&, thread] {
                for (int i = 0; i < 50; ++i) {
                    const Status status = call.a.path().send(Bytes(300 + thread, static_cast<std::uint8_t>(thread)));
                    EXPECT_TRUE(status == JF_OK || status == JF_WOULD_BLOCK) << status;
                }
            });
        }
    }
    ASSERT_TRUE(at_b.wait_for_packets(50)) << "some may be lost, but hardly most";
    const std::lock_guard lock(at_b.mutex_);
    for (const auto& packet : at_b.packets_)
        EXPECT_EQ(packet, Bytes(packet.size(), static_cast<std::uint8_t>(packet.size() - 300)));
    call.a.path().close();
}

// More than any buffer on the way holds: over TCP and TLS it stays framed, whoever is slower than whom.
TEST_P(Relays, LoseDatagramsOfAFloodButDamageNone)
{
    TurnServer server({}, tls());
    ASSERT_TRUE(server.started()) << server.log();
    FakeHost host;
    const auto left = make_instance(host, relay_only(server));
    const auto right = make_instance(host, relay_only(server));
    Ear at_b;
    Call call(*left, *right, JF_DATAGRAM);
    ASSERT_TRUE(call.connect(host, 1)) << call.a.text_;
    call.b.path().open(at_b);
    unsigned sent = 0;
    for (unsigned i = 0; i < 3000; ++i)
        sent += call.a.path().send(pattern(1200 + i % 200, i % 200)) == JF_OK ? 1 : 0;
    EXPECT_GE(sent, 50U) << "a socket's buffer holds that, however slow everybody is";
    ASSERT_TRUE(at_b.wait_for_packets(25)) << sent << " were sent";
    EXPECT_EQ(call.a.failed_ + call.b.failed_, 0);
    call.b.path().close();
    for (const auto& packet : at_b.packets_) {
        ASSERT_GE(packet.size(), 1200U);
        ASSERT_EQ(packet, pattern(packet.size(), static_cast<unsigned>(packet.size() - 1200)));
    }
}

// Without a goodbye (a Refresh with lifetime 0, RFC 8656 section 7) the server would keep them for ten minutes.
TEST_P(Relays, AreToldGoodbye)
{
    TurnServer server({"-V"}, tls());
    ASSERT_TRUE(server.started()) << server.log();
    FakeHost host;
    const auto instance = make_instance(host, relay_only(server));
    Call call(*instance, *instance, JF_DATAGRAM, 2);
    ASSERT_TRUE(call.connect(host, 2)) << call.a.text_;
    EXPECT_EQ(goodbyes(server), 0U);
    call.a.release();
    EXPECT_TRUE(host.run_until([&] { return goodbyes(server) == 2; })) << server.log();
    call.b.release();
    EXPECT_TRUE(host.run_until([&] { return goodbyes(server) == 4; })) << server.log();
}

TEST_P(Relays, AreToldGoodbyeThoughTheyHaveNoTime)
{
    TurnServer server({"-V"}, tls());
    ASSERT_TRUE(server.started()) << server.log();
    FakeHost host;
    auto instance = make_instance(host, relay_only(server));
    {
        Call call(*instance, *instance, JF_DATAGRAM, 2);
        ASSERT_TRUE(call.connect(host, 2)) << call.a.text_;
        server.pause();
    }
    instance.reset(); // has given up by now
    server.resume();
    EXPECT_TRUE(host.run_until([&] { return goodbyes(server) == 4; })) << server.log();
}

TEST_P(Relays, DeadOnesDelayNobody)
{
    TurnServer server({}, tls());
    ASSERT_TRUE(server.started()) << server.log();
    FakeHost host;
    auto instance = make_instance(host, config(server, ""));
    {
        Call call(*instance, *instance, JF_DATAGRAM);
        ASSERT_TRUE(call.connect(host, 1)) << call.a.text_;
        ASSERT_TRUE(host.run_until([&] { return call.a.gathered_ + call.b.gathered_ == 2; }));
        server.stop(); // now it cannot hear a goodbye
    }
    const auto start = std::chrono::steady_clock::now();
    Call next(*instance, *instance, JF_DATAGRAM); // and cannot be asked for a relay either
    ASSERT_TRUE(next.connect(host, 1)) << next.a.text_;
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
    next.a.release();
    next.b.release();
    const auto end = std::chrono::steady_clock::now();
    instance.reset();
    EXPECT_LT(std::chrono::steady_clock::now() - end, std::chrono::seconds(5));
}

INSTANTIATE_TEST_SUITE_P(IceLibnice, Relays, ::testing::Values("udp", "tcp", "tls"),
                         [](const auto& test) { return std::string(test.param); });

class RelaysOverTls : public ::testing::Test {
protected:
    void SetUp() override
    {
        if (!TurnServer::installed())
            GTEST_SKIP() << "turnserver is not installed (Debian package coturn)";
        server_ = std::make_unique<TurnServer>(std::vector<std::string>(), /*tls=*/true);
        ASSERT_TRUE(server_->started()) << server_->log();
    }

    std::string config(const std::string& more, const std::string& rest = {}) const
    {
        return R"({"addresses": ["127.0.0.1"], "pacing_ms": 1, "relay_only": true, "turn": [{"server": ")" +
               server_->address() + R"(", "transport": "tls", "username": "user", "password": "secret")" + more + "}]" +
               rest + "}";
    }

    /// The line that is logged instead of a relay candidate coming; empty if none is logged.
    std::string refusal(const std::string& more)
    {
        FakeHost host;
        const auto instance = make_instance(host, config(more, R"(, "gather_timeout_ms": 100)"));
        IceSession session(*instance, JF_CONTROLLING, JF_DATAGRAM, 4);
        session.gather();
        const auto line = [&] {
            std::string found;
            for (const auto& one : host.log_lines())
                found = one.find("over TLS:") != std::string::npos ? one : found;
            return found;
        };
        EXPECT_TRUE(host.run_until([&] { return !line().empty(); }));
        EXPECT_TRUE(host.run_until([&] { return session.gathered_ == 1; }));
        EXPECT_TRUE(session.candidates_.empty());
        const auto lines = host.log_lines();
        EXPECT_EQ(
            std::ranges::count_if(lines, [](const auto& one) { return one.find("over TLS:") != std::string::npos; }), 1)
            << "four components are no reason to say it four times";
        return line();
    }

    std::unique_ptr<TurnServer> server_;
};

TEST_F(RelaysOverTls, MustShowACertificateThatIsTrusted)
{
    const auto line = refusal(R"(, "server_name": "relay.example.net")"); // by the system, which knows nothing of it
    EXPECT_NE(line.find("relay 127.0.0.1:"), std::string::npos) << line;
    EXPECT_NE(line.find("certificate is not accepted: self"), std::string::npos) << line;
}

TEST_F(RelaysOverTls, MustBeCalledAsTheCertificateSays)
{
    const std::string ca = R"(, "ca": ")" + server_->ca() + '"';
    EXPECT_NE(refusal(ca + R"(, "server_name": "other.example.net")").find("not accepted: hostname"),
              std::string::npos);
    EXPECT_NE(refusal(ca).find("not accepted: IP address"), std::string::npos) << "it is for no address";
}

TEST_F(RelaysOverTls, MustBeThere)
{
    const std::string trust = R"(, "server_name": "relay.example.net", "ca": ")" + server_->ca() + '"';
    server_->stop();
    EXPECT_NE(refusal(trust).find("refused"), std::string::npos) << "nobody is there any more";
}

TEST_F(RelaysOverTls, AreRefusedAtTheStartIfTheirCertificatesCannotBeRead)
{
    FakeHost host;
    try {
        make_instance(host, config(R"(, "ca": "/nowhere/ca.pem")"));
        FAIL() << "made";
    } catch (const std::exception& failure) {
        EXPECT_EQ(std::string(failure.what()).rfind("/turn/0/ca: \"/nowhere/ca.pem\": ", 0), 0U) << failure.what();
    }
}

/// The port on which this process listens at loopback beside that one, if there is one alone; 0 if not.
std::uint16_t listening_port(std::uint16_t beside = 0)
{
    std::set<std::string> own; // inodes
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        std::error_code gone;
        const std::string target = std::filesystem::read_symlink(entry.path(), gone).string();
        if (target.starts_with("socket:["))
            own.insert(target.substr(8, target.size() - 9));
    }
    std::ifstream table("/proc/self/net/tcp");
    std::uint16_t port = 0;
    std::string line;
    for (std::getline(table, line); std::getline(table, line);) {
        std::istringstream words(line);
        std::string number, local, remote, state, queues, timer, retransmissions, uid, timeout, inode;
        words >> number >> local >> remote >> state >> queues >> timer >> retransmissions >> uid >> timeout >> inode;
        if (state != "0A" || !own.contains(inode))
            continue;
        const auto found = static_cast<std::uint16_t>(std::stoi(local.substr(9), nullptr, 16));
        if (found == beside)
            continue;
        if (port != 0 || !local.starts_with("0100007F:"))
            return 0;
        port = found;
    }
    return port;
}

sockaddr_in loopback(std::uint16_t port)
{
    EXPECT_NE(port, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

// Whoever on this machine finds the port may connect to it, and takes nobody's descriptors away.
TEST_F(RelaysOverTls, CarrySoManyConnectionsAndNoMore)
{
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = std::min<rlim_t>(files.rlim_max, 4096);
    setrlimit(RLIMIT_NOFILE, &files);
    FakeHost host;
    auto instance =
        make_instance(host, config(R"(, "server_name": "relay.example.net", "ca": ")" + server_->ca() + '"'));
    IceSession session(*instance, JF_CONTROLLING, JF_DATAGRAM);
    session.gather();
    ASSERT_TRUE(host.run_until([&] { return !session.candidates_.empty(); })) << "one is the session's own";
    server_->pause(); // it answers none of the following, so that they stay
    const sockaddr_in address = loopback(listening_port());
    std::vector<pollfd> connections;
    for (int i = 0; i < 260; ++i) {
        connections.push_back({socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), POLLIN, 0});
        ASSERT_EQ(connect(connections.back().fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    }
    const auto refused = [&] {
        poll(connections.data(), connections.size(), 0);
        return std::ranges::count_if(connections, [](const pollfd& one) { return one.revents != 0; });
    };
    EXPECT_TRUE(host.run_until([&] { return refused() == 5; })) << refused() << " of 260, beside the session's own";
    server_->resume();
    for (const auto& one : connections)
        close(one.fd);
}

// First the relay does not read, then libnice's side does not: both buffers are full for a while, and nothing is lost.
TEST_F(RelaysOverTls, HearEveryByteThoughEitherSideIsSlow)
{
    const Bytes text = pattern(12 << 20);
    FakeHost host;
    TlsEcho echo(server_->ca(), server_->key(), text.size());
    const auto instance = make_instance(
        host,
        R"({"addresses": ["127.0.0.1"], "turn": [{"server": "127.0.0.1:)" + std::to_string(echo.port()) +
            R"(", "transport": "tls", "username": "user", "password": "secret", "server_name": "relay.example.net", "ca": ")" +
            server_->ca() + "\"}]}");
    IceSession session(*instance, JF_CONTROLLING, JF_DATAGRAM);
    session.gather();
    const sockaddr_in address = loopback(listening_port(echo.port()));
    const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int little = 8192;
    setsockopt(client, SOL_SOCKET, SO_RCVBUF, &little, sizeof(little));
    ASSERT_EQ(connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    std::size_t sent = 0;
    while (true) { // until all buffers on the way are full
        const auto count = send(client, text.data() + sent, text.size() - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        pollfd room{client, POLLOUT, 0};
        if (count > 0)
            sent += static_cast<std::size_t>(count);
        else if (poll(&room, 1, 200) == 0)
            break;
    }
    EXPECT_LT(sent, text.size()) << "they hold more than was thought: this test tries nothing";
    echo.listen_to_them();
    while (sent < text.size()) {
        const auto count = send(client, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
        ASSERT_GT(count, 0);
        sent += static_cast<std::size_t>(count);
    }
    Bytes heard(text.size());
    ASSERT_EQ(recv(client, heard.data(), heard.size(), MSG_WAITALL), static_cast<ssize_t>(heard.size()));
    EXPECT_TRUE(heard == text);
    close(client);
    EXPECT_TRUE(host.run_until([&] { return echo.goodbyes() == 1; })) << "the relay's side must end with ours";
    session.release();
}

TEST_F(RelaysOverTls, LetTheInstanceGoAtOnce)
{
    FakeHost host;
    auto instance =
        make_instance(host, config(R"(, "server_name": "relay.example.net", "ca": ")" + server_->ca() + '"'));
    Call call(*instance, *instance, JF_DATAGRAM);
    ASSERT_TRUE(call.connect(host, 1)) << call.a.text_;
    call.a.release();
    call.b.release();
    const auto end = std::chrono::steady_clock::now();
    instance.reset();
    EXPECT_LT(std::chrono::steady_clock::now() - end, std::chrono::seconds(5));
}

TEST(IceLibnice, StreamsAreRefusedWhereOnlyRelaysAreAllowed)
{
    FakeHost host;
    const auto instance = make_instance(host, R"({"addresses": ["127.0.0.1"], "relay_only": true,
        "turn": [{"server": "127.0.0.1:3478", "username": "user", "password": "secret"}]})");
    try {
        IceSession session(*instance, JF_CONTROLLING, JF_STREAM);
        FAIL() << "opened";
    } catch (const Failure& failure) {
        EXPECT_EQ(failure.status(), JF_UNSUPPORTED) << failure.what();
    }
}

} // namespace
} // namespace jackfield::ice_test
