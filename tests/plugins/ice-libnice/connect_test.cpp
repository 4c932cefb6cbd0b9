// What is libnice's own when two sessions find each other: roles that agree, nomination, servers that are dead,
// restarts, and how long it takes.
#include "ice_session.hpp"

#include <nlohmann/json.hpp>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>

namespace jackfield::ice_test {
namespace {

/// A UDP socket on which nobody answers, kept open so that no error comes back either.
class SilentPort {
public:
    SilentPort() : socket_(socket(AF_INET, SOCK_DGRAM, 0))
    {
        address_.sin_family = AF_INET;
        address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof(address_);
        EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address_), size), 0);
        EXPECT_EQ(getsockname(socket_, reinterpret_cast<sockaddr*>(&address_), &size), 0);
    }
    SilentPort(const SilentPort&) = delete;
    SilentPort& operator=(const SilentPort&) = delete;
    ~SilentPort() { close(socket_); }

    std::string text() const { return std::to_string(ntohs(address_.sin_port)); }

private:
    int socket_;
    sockaddr_in address_{};
};

/// What a session says of its pairs, in its order.
std::vector<std::string> results_of(const IceSession& session)
{
    const auto document = nlohmann::json::parse(session.tried(), nullptr, false);
    std::vector<std::string> results;
    if (document.is_object()) {
        for (const auto& pair : document["pairs"])
            results.push_back(pair.value("result", ""));
    }
    return results;
}

class Orders : public ::testing::TestWithParam<std::uint32_t> {};

// A foreign peer may think it has the same role as we; the protocol settles that (RFC 8445 section 7.3.1.1).
TEST_P(Orders, TwoSidesWithTheSameRoleStillConnect)
{
    for (const auto role : {JF_CONTROLLING, JF_CONTROLLED}) {
        FakeHost host;
        const auto instance = make_instance(host);
        IceSession a(*instance, static_cast<std::uint32_t>(role), GetParam());
        IceSession b(*instance, static_cast<std::uint32_t>(role), GetParam());
        a.gather();
        b.gather();
        a.set_remote(b.description());
        b.set_remote(a.description());
        EXPECT_TRUE(host.run_until([&] { return a.ready() == 1 && b.ready() == 1; })) << a.text_;
    }
}

TEST_P(Orders, RegularNominationConnectsToo)
{
    FakeHost host;
    const auto instance =
        make_instance(host, R"({"addresses": ["127.0.0.1"], "pacing_ms": 1, "nomination": "regular"})");
    Call call(*instance, *instance, GetParam(), 4);
    EXPECT_TRUE(call.connect(host, 4)) << call.a.text_;
}

INSTANTIATE_TEST_SUITE_P(IceLibnice, Orders, ::testing::Values(JF_DATAGRAM, JF_STREAM),
                         [](const auto& test) { return test.param == JF_DATAGRAM ? "Udp" : "Tcp"; });

TEST(IceLibnice, FailsInTimeIfThePeerNeverAnswersAndSaysWhatWasTried)
{
    FakeHost host;
    const auto instance =
        make_instance(host, R"({"addresses": ["127.0.0.1"], "pacing_ms": 1, "connect_timeout_ms": 300})");
    const SilentPort silent;
    IceSession alone(*instance, JF_CONTROLLING, JF_DATAGRAM, 1, "control-udp");
    alone.gather();
    alone.set_remote("ufrg\n0123456789012345678901\n1 1 UDP 5 127.0.0.1 " + silent.text() + " typ host\n");
    ASSERT_TRUE(host.run_until([&] { return alone.failed_ != 0; }));
    EXPECT_EQ(alone.status_, JF_TIMEOUT);
    EXPECT_NE(alone.text_.find("control-udp"), std::string::npos) << alone.text_;
    EXPECT_NE(alone.text_.find("1 pairs"), std::string::npos) << alone.text_;
    EXPECT_NE(alone.text_.find("1 host"), std::string::npos) << alone.text_;
    EXPECT_EQ(alone.failed_, 1);
    EXPECT_EQ(alone.ready(), 0U);
    EXPECT_EQ(results_of(alone), std::vector<std::string>{"no answer"}) << "of an agent that has gone";
}

TEST_P(Orders, TellWhichPairTheyHaveSelected)
{
    FakeHost host;
    const auto instance = make_instance(host);
    Call call(*instance, *instance, GetParam(), 2);
    EXPECT_EQ(results_of(call.a), std::vector<std::string>{});
    ASSERT_TRUE(call.connect(host, 2)) << call.a.text_;
    for (const auto* side : {&call.a, &call.b}) {
        const auto results = results_of(*side);
        EXPECT_EQ(std::ranges::count(results, "selected"), 2) << side->tried();
        EXPECT_EQ(results.front(), "selected") << side->tried();
    }
}

// The peer takes our password from our description, and we have another one of its: its checks succeed, ours do not.
TEST(IceLibnice, TellsWhereChecksComeFromThoughNobodyAnswersOurs)
{
    FakeHost host;
    const auto hasty =
        make_instance(host, R"({"addresses": ["127.0.0.1"], "pacing_ms": 1, "connect_timeout_ms": 1000})");
    const SilentPort silent;
    IceSession us(*hasty, JF_CONTROLLED, JF_DATAGRAM);
    IceSession peer(*hasty, JF_CONTROLLING, JF_DATAGRAM);
    us.gather();
    peer.gather();
    const std::string ufrag = lines_of(peer.description())[0];
    us.set_remote(ufrag + "\n0123456789012345678901\n1 1 UDP 5 127.0.0.1 " + silent.text() + " typ host\n");
    peer.set_remote(us.description());
    ASSERT_TRUE(host.run_until([&] { return us.failed_ != 0; }));
    EXPECT_EQ(results_of(us), (std::vector<std::string>{"heard", "no answer"})) << us.tried();
}

TEST(IceLibnice, TellsWhereTheSystemKnowsNoWay)
{
    FakeHost host;
    const auto hasty =
        make_instance(host, R"({"addresses": ["127.0.0.1"], "pacing_ms": 1, "connect_timeout_ms": 100})");
    IceSession alone(*hasty, JF_CONTROLLING, JF_STREAM);
    alone.gather();
    alone.set_remote("ufrg\n0123456789012345678901\n2 1 TCP 4 192.0.2.1 9 typ host tcptype passive\n");
    EXPECT_EQ(results_of(alone), std::vector<std::string>{"no route"}) << "from loopback " << alone.tried();
}

TEST(IceLibnice, ADeadStunServerDelaysNothing)
{
    FakeHost host;
    const SilentPort silent;
    const auto instance = make_instance(host, R"({"addresses": ["127.0.0.1"], "pacing_ms": 1,
        "gather_timeout_ms": 1500, "stun": ["127.0.0.1:)" +
                                                  silent.text() + R"("]})");
    const auto start = std::chrono::steady_clock::now();
    Call call(*instance, *instance, JF_DATAGRAM);
    ASSERT_TRUE(call.connect(host, 1)) << call.a.text_;
    const auto took = std::chrono::steady_clock::now() - start;
    EXPECT_EQ(call.a.gathered_, 0) << "gathering still waits, and that is the point";
    EXPECT_LT(took, std::chrono::milliseconds(1500));
    EXPECT_TRUE(host.run_until([&] { return call.a.gathered_ == 1 && call.b.gathered_ == 1; }));
}

// libnice cannot hold a peer back that sends before anybody reads.
TEST(IceLibnice, AStreamEndsIfThePeerSendsTooMuchBeforeItIsOpened)
{
    FakeHost host;
    const auto left = make_instance(host);
    const auto right = make_instance(host);
    Ear at_a; // before the call: what is still under way when it goes comes to them
    Ear at_b;
    Call call(*left, *right, JF_STREAM);
    ASSERT_TRUE(call.connect(host, 1));
    call.a.path().open(at_a);
    for (std::size_t sent = 0; sent < 600000;) {
        const Status status = call.a.path().send(pattern(10000));
        sent += status == JF_OK ? 10000 : 0;
        if (status == JF_WOULD_BLOCK &&
            !at_a.wait([](Ear& ear) { return std::exchange(ear.writable_, 0) > 0 || ear.closed_ > 0; }))
            break;
    }
    ASSERT_TRUE(host.run_until([&] {
        const auto lines = host.log_lines();
        return std::any_of(lines.begin(), lines.end(),
                           [](const std::string& line) { return line.find("before the stream") != line.npos; });
    }));
    call.b.path().open(at_b);
    ASSERT_TRUE(at_b.wait([](const Ear& ear) { return ear.closed_ == 1; }));
    EXPECT_EQ(at_b.status_, JF_EXHAUSTED);
    EXPECT_LE(at_b.bytes_, 262144U);
    EXPECT_EQ(call.b.path().send(pattern(1)), JF_CLOSED);
}

// Not a test of speed: it prints what a reader would like to know, and fails only if a session does not connect.
void measure(const char* what, std::uint32_t kind, std::uint32_t components, int pacing_ms)
{
    std::vector<double> times;
    for (int i = 0; i < 20; ++i) {
        FakeHost host;
        const std::string config = R"({"addresses": ["127.0.0.1"], "pacing_ms": )" + std::to_string(pacing_ms) + "}";
        const auto left = make_instance(host, config);
        const auto right = make_instance(host, config);
        Call call(*left, *right, kind, components);
        const auto start = std::chrono::steady_clock::now();
        ASSERT_TRUE(call.connect(host, components));
        times.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
    }
    std::sort(times.begin(), times.end());
    std::cout << "  gather to ready on both sides, " << what << ", pacing " << pacing_ms << " ms: min " << times.front()
              << ", median " << times[times.size() / 2] << ", max " << times.back() << " ms\n";
}

TEST(IceLibnice, PrintsHowLongConnectingTakes)
{
    for (const int pacing_ms : {1, 5}) {
        measure("UDP, 1 component", JF_DATAGRAM, 1, pacing_ms);
        measure("UDP, 4 components", JF_DATAGRAM, 4, pacing_ms);
        measure("TCP, 1 component", JF_STREAM, 1, pacing_ms);
        measure("TCP, 4 components", JF_STREAM, 4, pacing_ms);
    }
}

/// Somebody who takes every connection and never says a word: a host candidate behind the peer's NAT, as seen from
/// here.
class SilentListener {
public:
    SilentListener() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))
    {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof(address);
        bind(socket_, reinterpret_cast<const sockaddr*>(&address), size);
        listen(socket_, 16);
        getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
    }
    SilentListener(const SilentListener&) = delete;
    SilentListener& operator=(const SilentListener&) = delete;
    ~SilentListener() { close(socket_); }

    std::string candidate() const
    {
        return "H9 1 TCP 2130706431 127.0.0.1 " + std::to_string(port_) + " typ host tcptype passive";
    }

private:
    int socket_;
    std::uint16_t port_ = 0;
};

// libnice waits for that check for two seconds before it says that the pair is final. Where the peer nominates, it is
// when the peer says so.
TEST(IceLibnice, ACalledStreamDoesNotWaitForChecksThatNobodyAnswers)
{
    const SilentListener silent;
    FakeHost host;
    const auto instance = make_instance(host);
    Ear at_a;
    Ear at_b;
    Call call(*instance, *instance, JF_STREAM);
    call.a.gather();
    call.b.gather();
    call.b.set_remote(call.a.description() + silent.candidate() + "\n");
    call.a.set_remote(call.b.description());
    const auto begin = std::chrono::steady_clock::now();
    ASSERT_TRUE(host.run_until([&] { return call.a.ready() == 1 && call.b.ready() == 1; })) << call.b.text_;
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(1500));
    call.a.path().open(at_a);
    call.b.path().open(at_b);
    ASSERT_EQ(call.b.path().send(pattern(100)), JF_OK);
    EXPECT_TRUE(at_a.wait([](const Ear& ear) { return ear.bytes_ == 100; }));
    ASSERT_EQ(call.a.path().send(pattern(60'000)), JF_OK);
    EXPECT_TRUE(at_b.wait([](const Ear& ear) { return ear.bytes_ == 60'000; }));
    EXPECT_EQ(at_b.stream_, pattern(60'000));
    EXPECT_EQ(call.b.failed_, 0) << call.b.text_;
    call.a.path().close();
    call.b.path().close();
}

} // namespace
} // namespace jackfield::ice_test
