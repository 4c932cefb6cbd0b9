// Two sessions find each other, whatever plugin makes them: kinds, components, orders of events, what a peer lacks.
#include "every_plugin.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace jackfield::connectivity_test {
namespace {

class Kinds : public Every<std::tuple<std::string, std::uint32_t, std::uint32_t>> {
protected:
    std::uint32_t kind() const { return std::get<1>(GetParam()); }
    std::uint32_t components() const { return std::get<2>(GetParam()); }
};

TEST_P(Kinds, ConnectAndCarryDataBothWays)
{
    FakeHost host;
    const auto left = make(host);
    const auto right = make(host);
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
    const auto instance = make(host);
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
    const auto instance = make(host);
    Call call(*instance, *instance, kind(), components());
    ASSERT_TRUE(call.connect(host, components()));
    const jf_path_info info = call.a.path().describe();
    EXPECT_EQ(info.kind, kind());
    EXPECT_EQ(info.reliable, kind() == JF_STREAM ? 1U : 0U);
    EXPECT_EQ(info.secured, 0U);
    EXPECT_EQ(info.max_datagram_bytes, kind() == JF_STREAM ? JF_STREAM_SEND_MAX : 1400U);
    const std::uint32_t framing = plugin() == "ice-libnice" ? 2 : 0; // RFC 4571
    EXPECT_EQ(info.overhead_bytes, kind() == JF_STREAM ? 40 + framing : 28U);
}

INSTANTIATE_TEST_SUITE_P(Connectivity, Kinds,
                         ::testing::Combine(::testing::ValuesIn(plugins()), ::testing::Values(JF_DATAGRAM, JF_STREAM),
                                            ::testing::Values(1, 4)),
                         [](const auto& test) {
                             return name_of(std::get<0>(test.param)) + kind_name(std::get<1>(test.param)) +
                                    std::to_string(std::get<2>(test.param));
                         });

class Families : public EveryKind {
protected:
    static bool has_ipv6()
    {
        const int tried = ::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        sockaddr_in6 address{};
        address.sin6_family = AF_INET6;
        address.sin6_addr = in6addr_loopback;
        const bool there = ::bind(tried, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
        ::close(tried);
        return there;
    }
    std::unique_ptr<Instance> of(FakeHost& host, const std::string& addresses) const
    {
        return make_with(host, R"({"addresses": [)" + addresses + "]" +
                                   (plugin() == "ice-libnice" ? R"(, "pacing_ms": 1})" : "}"));
    }

    /// Both are offered by who has both, and the pair is of the one that the other has.
    void expect_ipv6(const std::string& left, const std::string& right)
    {
        FakeHost host;
        const auto one = of(host, left);
        const auto other = of(host, right);
        Call call(*one, *other, kind());
        ASSERT_TRUE(call.connect(host, 1)) << call.a.text_ << call.b.text_;
        for (const auto* session : {&call.a, &call.b}) {
            EXPECT_NE(session->pairs_.at(1).local.find(" ::1 "), std::string::npos) << session->pairs_.at(1).local;
            EXPECT_NE(session->pairs_.at(1).remote.find(" ::1 "), std::string::npos) << session->pairs_.at(1).remote;
        }
        const auto& both = left.size() > right.size() ? call.a : call.b;
        EXPECT_NE(both.description().find(" 127.0.0.1 "), std::string::npos) << both.description();
        Ear ear;
        call.b.path().open(ear);
        EXPECT_EQ(call.a.path().send(pattern(500)), JF_OK);
        EXPECT_TRUE(ear.wait_for_bytes(500));
        call.b.path().close();
    }
};

TEST_P(Families, OneThatHasBothMeetsOneThatHasIpv6Alone)
{
    if (!has_ipv6())
        GTEST_SKIP() << "this machine has no IPv6";
    expect_ipv6(R"("127.0.0.1", "::1")", R"("::1")");
    expect_ipv6(R"("::1")", R"("127.0.0.1", "::1")");
}

JF_INSTANTIATE_EVERY_KIND(Families);

class Orders : public EveryKind {};

// The answerer knows the offer before the offerer knows the answer, and checks arrive before credentials do.
TEST_P(Orders, TheControlledSideMayStartMuchEarlier)
{
    FakeHost host;
    const auto instance = make(host);
    Call call(*instance, *instance, kind());
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
    const auto instance = make(host);
    Call call(*instance, *instance, kind());
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
    const auto instance = make(host);
    Call call(*instance, *instance, kind());
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
    const auto instance = make(host);
    Call call(*instance, *instance, kind());
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

// A peer with rtcp-mux or BUNDLE has candidates for component 1 only.
TEST_P(Orders, ComponentsThePeerLacksStaySilentAndHoldNobodyUp)
{
    FakeHost host;
    const auto instance = make(host, R"("connect_timeout_ms": 500)");
    IceSession four(*instance, JF_CONTROLLING, kind(), 4);
    IceSession one(*instance, JF_CONTROLLED, kind(), 1);
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

JF_INSTANTIATE_EVERY_KIND(Orders);

class Datagrams : public EveryPlugin {};

TEST_P(Datagrams, DatagramsKeepTheirBoundsAndTooLargeOnesAreRefused)
{
    FakeHost host;
    const auto instance = make(host);
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

TEST_P(Datagrams, SeveralThreadsMaySendDatagramsAtOnce)
{
    FakeHost host;
    const auto instance = make(host);
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

JF_INSTANTIATE_EVERY_PLUGIN(Datagrams);

class Refusals : public EveryPlugin {};

TEST_P(Refusals, FailsInTimeIfThePeerHasNoCandidatesAtAll)
{
    FakeHost host;
    const auto instance = make(host, R"("connect_timeout_ms": 200)");
    IceSession alone(*instance, JF_CONTROLLING, JF_STREAM);
    alone.gather();
    alone.set_remote("ufrg\n0123456789012345678901\n");
    ASSERT_TRUE(host.run_until([&] { return alone.failed_ != 0; }));
    EXPECT_EQ(alone.status_, JF_TIMEOUT);
}

TEST_P(Refusals, ChangedCredentialsWithoutARestartAreRefused)
{
    FakeHost host;
    const auto instance = make(host);
    IceSession a(*instance, JF_CONTROLLING, JF_DATAGRAM);
    a.gather();
    a.set_remote("ufrg\n0123456789012345678901\n");
    EXPECT_NO_THROW(a.set_remote("ufrg\n0123456789012345678901\n1 1 UDP 5 127.0.0.1 9 typ host\n"));
    EXPECT_THROW(a.set_remote("frgu\n0123456789012345678901\n"), Failure);
}

JF_INSTANTIATE_EVERY_PLUGIN(Refusals);

} // namespace
} // namespace jackfield::connectivity_test
