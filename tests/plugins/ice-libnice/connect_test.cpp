// Two sessions find each other: kinds, components, roles, trickle, what a peer lacks, and how long it takes.
#include "ice_session.hpp"

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

class Kinds : public ::testing::TestWithParam<std::tuple<std::uint32_t, std::uint32_t>> {
protected:
    std::uint32_t kind() const { return std::get<0>(GetParam()); }
    std::uint32_t components() const { return std::get<1>(GetParam()); }
};

TEST_P(Kinds, ConnectAndCarryDataBothWays)
{
    FakeHost host;
    const auto left = make_instance(host);
    const auto right = make_instance(host);
    Call call(*left, *right, kind(), components());
    ASSERT_TRUE(call.connect(host, components())) << call.a.text_ << call.b.text_;

    for (std::uint32_t component = 1; component <= components(); ++component) {
        Ear at_a;
        Ear at_b;
        call.a.path(component).open(at_a);
        call.b.path(component).open(at_b);
        const Bytes one = pattern(1000, component);
        const Bytes two = pattern(500, 100 + component);
        const std::int64_t before = host.now_ns();
        ASSERT_EQ(call.a.path(component).send(one), JF_OK);
        ASSERT_EQ(call.b.path(component).send(two), JF_OK);
        ASSERT_TRUE(at_b.wait_for_bytes(one.size()));
        ASSERT_TRUE(at_a.wait_for_bytes(two.size()));
        EXPECT_EQ(at_b.stream_, one);
        EXPECT_EQ(at_a.stream_, two);
        EXPECT_GE(at_b.last_arrival_ns_, before);
        EXPECT_LE(at_b.last_arrival_ns_, host.now_ns());
        call.a.path(component).close();
        call.b.path(component).close();
    }
}

TEST_P(Kinds, SayWhichPairWasTaken)
{
    FakeHost host;
    const auto instance = make_instance(host);
    Call call(*instance, *instance, kind(), components());
    ASSERT_TRUE(call.connect(host, components()));
    for (const auto* session : {&call.a, &call.b}) {
        ASSERT_EQ(session->pairs_.size(), components());
        for (const auto& [component, pair] : session->pairs_) {
            EXPECT_NE(pair.local.find("127.0.0.1"), std::string::npos) << pair.local;
            EXPECT_NE(pair.remote.find("127.0.0.1"), std::string::npos) << pair.remote;
            EXPECT_FALSE(pair.relayed);
        }
    }
}

TEST_P(Kinds, DescribeThePath)
{
    FakeHost host;
    const auto instance = make_instance(host);
    Call call(*instance, *instance, kind(), components());
    ASSERT_TRUE(call.connect(host, components()));
    const jf_path_info info = call.a.path().describe();
    EXPECT_EQ(info.kind, kind());
    EXPECT_EQ(info.reliable, kind() == JF_STREAM ? 1U : 0U);
    EXPECT_EQ(info.secured, 0U);
    EXPECT_EQ(info.max_datagram_bytes, kind() == JF_STREAM ? JF_STREAM_SEND_MAX : 1400U);
    EXPECT_EQ(info.overhead_bytes, kind() == JF_STREAM ? 42U : 28U);
}

INSTANTIATE_TEST_SUITE_P(IceLibnice, Kinds,
                         ::testing::Combine(::testing::Values(JF_DATAGRAM, JF_STREAM), ::testing::Values(1, 4)),
                         [](const auto& test) {
                             return std::string(std::get<0>(test.param) == JF_DATAGRAM ? "Udp" : "Tcp") +
                                    std::to_string(std::get<1>(test.param));
                         });

class Orders : public ::testing::TestWithParam<std::uint32_t> {};

// The answerer knows the offer before the offerer knows the answer, and checks arrive before credentials do.
TEST_P(Orders, TheControlledSideMayStartMuchEarlier)
{
    FakeHost host;
    const auto instance = make_instance(host);
    Call call(*instance, *instance, GetParam());
    call.a.gather();
    call.b.gather();
    call.b.set_remote(call.a.description());
    const auto start = std::chrono::steady_clock::now();
    host.run_until([&] { return std::chrono::steady_clock::now() - start > std::chrono::milliseconds(100); });
    call.a.set_remote(call.b.description());
    EXPECT_TRUE(host.run_until([&] { return call.a.ready() == 1 && call.b.ready() == 1; })) << call.a.text_;
}

TEST_P(Orders, TheControllingSideMayStartMuchEarlier)
{
    FakeHost host;
    const auto instance = make_instance(host);
    Call call(*instance, *instance, GetParam());
    call.a.gather();
    call.b.gather();
    call.a.set_remote(call.b.description());
    const auto start = std::chrono::steady_clock::now();
    host.run_until([&] { return std::chrono::steady_clock::now() - start > std::chrono::milliseconds(100); });
    call.b.set_remote(call.a.description());
    EXPECT_TRUE(host.run_until([&] { return call.a.ready() == 1 && call.b.ready() == 1; })) << call.a.text_;
}

std::string credentials_only(const std::string& description)
{
    const auto lines = lines_of(description);
    return lines[0] + '\n' + lines[1] + '\n';
}

TEST_P(Orders, CandidatesMayTrickleInAfterTheCredentials)
{
    FakeHost host;
    const auto instance = make_instance(host);
    Call call(*instance, *instance, GetParam());
    call.a.gather();
    call.b.gather();
    call.b.set_remote(credentials_only(call.a.description()));
    call.a.set_remote(credentials_only(call.b.description()));
    for (auto [from, to] : {std::pair(&call.a, &call.b), std::pair(&call.b, &call.a)}) {
        const auto lines = lines_of(from->description());
        for (std::size_t i = 2; i < lines.size(); ++i)
            EXPECT_EQ(to->add(lines[i]), JF_OK);
        to->end();
    }
    EXPECT_TRUE(host.run_until([&] { return call.a.ready() == 1 && call.b.ready() == 1; })) << call.a.text_;
}

TEST_P(Orders, CandidatesMayComeBeforeTheCredentialsAndBeforeGather)
{
    FakeHost host;
    const auto instance = make_instance(host);
    Call call(*instance, *instance, GetParam());
    call.a.gather();
    const std::string offer = call.a.description();
    const auto lines = lines_of(offer);
    for (std::size_t i = 2; i < lines.size(); ++i)
        EXPECT_EQ(call.b.add(lines[i]), JF_OK);
    call.b.set_remote(credentials_only(offer));
    call.b.end();
    call.b.gather();
    call.a.set_remote(call.b.description());
    EXPECT_TRUE(host.run_until([&] { return call.a.ready() == 1 && call.b.ready() == 1; })) << call.a.text_;
}

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

// A peer with rtcp-mux or BUNDLE has candidates for component 1 only.
TEST_P(Orders, ComponentsThePeerLacksStaySilentAndHoldNobodyUp)
{
    FakeHost host;
    const auto instance =
        make_instance(host, R"({"addresses": ["127.0.0.1"], "pacing_ms": 1, "connect_timeout_ms": 500})");
    IceSession four(*instance, JF_CONTROLLING, GetParam(), 4);
    IceSession one(*instance, JF_CONTROLLED, GetParam(), 1);
    four.gather();
    one.gather();
    four.set_remote(one.description());
    one.set_remote(four.description()); // has lines for components 2 to 4, which are ignored
    four.end();
    one.end();
    ASSERT_TRUE(host.run_until([&] { return four.ready() == 1 && one.ready() == 1; })) << four.text_ << one.text_;
    EXPECT_EQ(four.ready_order_, std::vector<std::uint32_t>{1});

    // Past the time limit, nothing has failed and the one path works.
    const auto start = std::chrono::steady_clock::now();
    host.run_until([&] { return std::chrono::steady_clock::now() - start > std::chrono::milliseconds(700); });
    EXPECT_EQ(four.failed_, 0) << four.text_;
    EXPECT_EQ(one.failed_, 0) << one.text_;
    Ear ear;
    one.path().open(ear);
    EXPECT_EQ(four.path().send(pattern(100)), JF_OK);
    EXPECT_TRUE(ear.wait_for_bytes(100));
    one.path().close();
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
}

TEST(IceLibnice, FailsInTimeIfThePeerHasNoCandidatesAtAll)
{
    FakeHost host;
    const auto instance =
        make_instance(host, R"({"addresses": ["127.0.0.1"], "pacing_ms": 1, "connect_timeout_ms": 200})");
    IceSession alone(*instance, JF_CONTROLLING, JF_STREAM);
    alone.gather();
    alone.set_remote("ufrg\n0123456789012345678901\n");
    ASSERT_TRUE(host.run_until([&] { return alone.failed_ != 0; }));
    EXPECT_EQ(alone.status_, JF_TIMEOUT);
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

TEST(IceLibnice, DatagramsKeepTheirBoundsAndTooLargeOnesAreRefused)
{
    FakeHost host;
    const auto instance = make_instance(host);
    Call call(*instance, *instance, JF_DATAGRAM);
    ASSERT_TRUE(call.connect(host, 1));
    Ear ear;
    call.b.path().open(ear);
    EXPECT_EQ(call.a.path().send(pattern(1401)), JF_BAD_INPUT);
    EXPECT_EQ(call.a.path().send(Bytes{}), JF_BAD_INPUT);
    EXPECT_EQ(call.a.path().send(pattern(1400)), JF_OK);
    EXPECT_EQ(call.a.path().send(pattern(1)), JF_OK);

    // Gathered from more parts than the plugin hands on by reference.
    const Bytes whole = pattern(600);
    std::vector<jf_bytes> parts;
    for (std::size_t i = 0; i < 20; ++i)
        parts.push_back({whole.data() + i * 30, 30});
    EXPECT_EQ(call.a.path().send(parts), JF_OK);
    EXPECT_EQ(call.a.path().send(std::span(parts).first(3)), JF_OK);

    ASSERT_TRUE(ear.wait_for_packets(4));
    EXPECT_EQ(ear.packets_[0], pattern(1400));
    EXPECT_EQ(ear.packets_[1], pattern(1));
    EXPECT_EQ(ear.packets_[2], whole);
    EXPECT_EQ(ear.packets_[3], Bytes(whole.begin(), whole.begin() + 90));
    call.b.path().close();
}

TEST(IceLibnice, WhatComesBeforeOpenWaitsAndIsDeliveredFirst)
{
    FakeHost host;
    const auto instance = make_instance(host);
    Call call(*instance, *instance, JF_DATAGRAM);
    ASSERT_TRUE(call.connect(host, 1));
    Ear at_a;
    call.a.path().open(at_a);
    Ear at_b;
    at_b.answer_ = [&](const jf_packet&) { call.b.path().send(pattern(1)); };
    EXPECT_EQ(call.a.path().send(pattern(10, 1)), JF_OK);
    EXPECT_EQ(call.a.path().send(pattern(10, 2)), JF_OK);
    call.b.path().open(at_b); // sends from inside, too
    ASSERT_TRUE(at_b.wait_for_packets(2));
    EXPECT_EQ(at_b.packets_[0], pattern(10, 1));
    EXPECT_EQ(at_b.packets_[1], pattern(10, 2));
    EXPECT_TRUE(at_a.wait_for_packets(2));
    jf_error error = no_error();
    EXPECT_EQ(call.b.path().raw().methods->open(call.b.path().raw().self, at_b.handle(), &error), JF_BUSY);
    call.a.path().close();
    call.b.path().close();
}

TEST(IceLibnice, SeveralThreadsMaySendDatagramsAtOnce)
{
    FakeHost host;
    const auto instance = make_instance(host);
    Call call(*instance, *instance, JF_DATAGRAM, 2);
    ASSERT_TRUE(call.connect(host, 2));
    Ear ear;
    ear.keep_ = false;
    call.b.path().open(ear);
    std::atomic<int> sent = 0;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&] {
                const Bytes bytes = pattern(200);
                for (int k = 0; k < 250; ++k)
                    sent += call.a.path().send(bytes) == JF_OK ? 1 : 0;
            });
        }
    }
    EXPECT_EQ(sent, 1000);
    EXPECT_TRUE(ear.wait_for_packets(1000)) << ear.count_;
    call.b.path().close();
}

TEST(IceLibnice, ARestartMovesTheSamePathsToNewCredentialsAndPorts)
{
    FakeHost host;
    const auto instance = make_instance(host);
    Call call(*instance, *instance, JF_DATAGRAM, 2);
    ASSERT_TRUE(call.connect(host, 2));
    Ear ear;
    call.b.path().open(ear);
    const auto before_a = lines_of(call.a.description());
    const auto pair_before = call.a.pairs_[1].local;
    const int pairs_before = call.a.pair_events_;
    const int gathered = call.a.gathered_;

    call.a.restart();
    call.b.restart();
    const auto after_a = lines_of(call.a.description());
    EXPECT_NE(after_a[0], before_a[0]);
    EXPECT_NE(after_a[1], before_a[1]);
    EXPECT_EQ(call.a.path().send(pattern(50, 1)), JF_OK) << "the old pair carries on meanwhile";
    EXPECT_TRUE(ear.wait_for_packets(1));

    call.b.set_remote(call.a.description());
    call.a.set_remote(call.b.description());
    ASSERT_TRUE(host.run_until([&] {
        return call.a.pair_events_ >= pairs_before + 2 && call.b.pair_events_ >= pairs_before + 2 &&
               call.a.gathered_ > gathered;
    })) << call.a.text_;
    EXPECT_EQ(call.a.ready_order_.size(), 2U) << "component_ready is said once";
    EXPECT_NE(call.a.pairs_[1].local, pair_before);
    EXPECT_EQ(call.a.path().send(pattern(50, 2)), JF_OK);
    ASSERT_TRUE(ear.wait_for_packets(2));
    EXPECT_EQ(ear.packets_[1], pattern(50, 2));
    EXPECT_EQ(call.a.failed_, 0);
    call.b.path().close();
}

TEST(IceLibnice, ARestartRevivesASessionThatFailed)
{
    FakeHost host;
    const auto instance =
        make_instance(host, R"({"addresses": ["127.0.0.1"], "pacing_ms": 1, "connect_timeout_ms": 300})");
    IceSession a(*instance, JF_CONTROLLING, JF_DATAGRAM);
    a.gather();
    a.set_remote("ufrg\n0123456789012345678901\n1 1 UDP 5 127.0.0.1 9 typ host\n");
    ASSERT_TRUE(host.run_until([&] { return a.failed_ == 1; }));
    IceSession b(*instance, JF_CONTROLLED, JF_DATAGRAM);
    b.gather();
    a.restart();
    a.set_remote(b.description());
    b.set_remote(a.description());
    EXPECT_TRUE(host.run_until([&] { return a.ready() == 1 && b.ready() == 1; })) << a.text_;
}

TEST(IceLibnice, ChangedCredentialsWithoutARestartAreRefused)
{
    FakeHost host;
    const auto instance = make_instance(host);
    IceSession a(*instance, JF_CONTROLLING, JF_DATAGRAM);
    a.gather();
    a.set_remote("ufrg\n0123456789012345678901\n");
    EXPECT_NO_THROW(a.set_remote("ufrg\n0123456789012345678901\n1 1 UDP 5 127.0.0.1 9 typ host\n"));
    EXPECT_THROW(a.set_remote("frgu\n0123456789012345678901\n"), Failure);
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

} // namespace
} // namespace jackfield::ice_test
