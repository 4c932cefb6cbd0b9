// Handshakes over bad paths: loss, doubles, disorder, byte by byte, early packets, large chains.
//
// Threads: the test's thread is control.
#include "cases.hpp"
#include "rough_path.hpp"

#include <future>
#include <utility>

namespace secure_test {
namespace {

class RoughDatagrams : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(All, RoughDatagrams, ::testing::ValuesIn(cases_on(JF_DATAGRAM)), case_name);
/// Of QUIC every packet of the client's is as long as the first, and none is shorter (RFC 9000 section 14.1).
class RoughSizes : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(All, RoughSizes, ::testing::ValuesIn(not_quic(cases_on(JF_DATAGRAM))), case_name);
class RoughCookie : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(All, RoughCookie, ::testing::ValuesIn(only_tls(cases_on(JF_DATAGRAM))), case_name);
class RoughHello : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(All, RoughHello, ::testing::ValuesIn(cases_on(JF_DATAGRAM, clear_too())), case_name);
class RoughStream : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(All, RoughStream, ::testing::ValuesIn(cases_on(JF_STREAM, clear_too())), case_name);
class Rough : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(All, Rough, ::testing::ValuesIn(clear_too()), case_name);

constexpr auto kQuick = R"("retransmit_ms": 20)";

void expect_works(Pair& pair)
{
    ASSERT_EQ(pair.client.path().send(text("ping")), JF_OK);
    ASSERT_TRUE(pair.run_until([&] { return pair.server.sink.size() == 4; }));
    ASSERT_EQ(pair.server.path().send(text("pong")), JF_OK);
    ASSERT_TRUE(pair.run_until([&] { return pair.client.sink.size() == 4; }));
}

TEST_P(RoughHello, AFifthLostIsOvercome)
{
    for (std::uint32_t seed = 1; seed <= 6; ++seed) {
        RoughPair pair(GetParam(), kQuick, {.loss_percent = 20, .seed = seed});
        ASSERT_TRUE(pair.connect_roughly()) << "seed " << seed;
        pair.client_path.calm();
        pair.server_path.calm();
        expect_works(pair);
    }
}

TEST_P(RoughHello, DisorderAndDoublesAreOvercome)
{
    for (std::uint32_t seed = 1; seed <= 6; ++seed) {
        RoughPair pair(GetParam(), kQuick, {.double_percent = 30, .reorder_percent = 30, .seed = seed});
        ASSERT_TRUE(pair.connect_roughly()) << "seed " << seed;
        pair.client_path.calm();
        pair.server_path.calm();
        expect_works(pair);
    }
}

// Mbed TLS looks at its timer before it reads, and left the datagram for later, when its bytes were somebody else's.
TEST_P(RoughSizes, AnAnswerThatComesWhenTheTimerIsOverIsUsedAtOnce)
{
    std::promise<void> client_went_on;
    std::size_t hello_bytes = 0; // of the first; one that is sent again has as many, the next step has not
    bool told = false;
    Pair pair(GetParam(), kQuick);
    pair.link.set_filter([&](int end, Bytes& packet) {
        if (end == 1)
            return true;
        const bool first = hello_bytes == 0;
        if (first)
            hello_bytes = packet.size();
        else if (packet.size() != hello_bytes && !std::exchange(told, true))
            client_went_on.set_value();
        return first;
    });
    pair.link.hold(true);
    pair.open();
    const std::int64_t over_ns = pair.host.now_ns() + 40'000'000;
    while (pair.host.now_ns() < over_ns) {
        // The timer runs out, and control is too busy to see it.
    }
    pair.link.hold(false);
    ASSERT_EQ(client_went_on.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready)
        << "without control, on the thread that received";
    pair.link.set_filter(nullptr);
    ASSERT_TRUE(pair.finish_handshake());
    expect_works(pair);
}

TEST_P(RoughHello, TheFirstTimerIsTheConfiguredOneNotTheLibrarysSecond)
{
    Pair pair(GetParam(), R"("retransmit_ms": 120)", jackfield::testing::Clock::manual);
    pair.link.set_filter([](int end, Bytes&) { return end == 0; }); // the server's answer never comes
    pair.open();
    pair.host.run_pending();
    ASSERT_TRUE(pair.host.next_timer_in());
    EXPECT_LE(*pair.host.next_timer_in(), std::chrono::milliseconds(120));
}

TEST_P(RoughHello, ALostFlightIsSentAgain)
{
    std::atomic<int> from_server{0};
    Pair pair(GetParam(), kQuick);
    pair.link.set_filter([&](int end, Bytes&) { return end == 0 || ++from_server != 1; });
    ASSERT_TRUE(pair.connect());
    EXPECT_GT(from_server, 1);
}

TEST_P(RoughDatagrams, JunkBetweenTheFlightsIsSkipped)
{
    std::mt19937 random(7);
    Pair pair(GetParam(), kQuick);
    pair.link.path(0).send(pattern(300, 1));
    pair.link.path(1).send(pattern(300, 2));
    pair.link.set_filter([&](int, Bytes& packet) {
        if (random() % 4 == 0)
            packet = pattern(200, static_cast<std::uint32_t>(random()));
        return true;
    });
    pair.open();
    ASSERT_TRUE(pair.finish_handshake());
    pair.link.set_filter(nullptr);
    expect_works(pair);
}

TEST_P(RoughSizes, NoDatagramOfALongHandshakeExceedsTheMtu)
{
    const auto with_rsa = [](const FakeHost& host) {
        const Holder account = make_account("RSA");
        const Holder device = make_device(account, {}, "RSA");
        return std::make_unique<CertIdentity>(host, device, std::vector<const Holder*>{&account});
    };
    std::atomic<std::size_t> largest{0};
    std::atomic<std::size_t> total{0};
    Pair pair(GetParam(), R"("mtu": 700)", with_rsa, with_rsa);
    pair.link.set_filter([&](int, Bytes& packet) {
        largest = std::max(largest.load(), packet.size());
        total += packet.size();
        return true;
    });
    ASSERT_TRUE(pair.connect());
    EXPECT_LE(largest, 700U);
    EXPECT_GT(total, 3000U); // two RSA chains went through
}

TEST_P(RoughCookie, TheCookieCanBeLeftOutAndSavesARoundTrip)
{
    const auto datagrams_of = [&](const char* config) {
        std::atomic<int> count{0};
        Pair pair(GetParam(), config);
        pair.link.set_filter([&](int, Bytes&) { return ++count, true; });
        EXPECT_TRUE(pair.connect());
        return count.load();
    };
    EXPECT_EQ(datagrams_of(R"("hello_verify": true, "retransmit_ms": 5000)"),
              datagrams_of(R"("hello_verify": false, "retransmit_ms": 5000)") + 2);
    EXPECT_EQ(datagrams_of(R"("retransmit_ms": 5000)"), datagrams_of(R"("hello_verify": false, "retransmit_ms": 5000)"))
        << "nobody is asked for one unless the configuration says so";
}

TEST_P(RoughStream, ByteByByteIsTheSameAsAtOnce)
{
    RoughPair pair(GetParam(), {}, {.split = true});
    ASSERT_TRUE(pair.connect_roughly());
    const Bytes long_text = pattern(40'000);
    ASSERT_EQ(pair.client.path().send(long_text), JF_OK);
    ASSERT_EQ(pair.server.path().send(long_text), JF_OK);
    ASSERT_TRUE(pair.run_until(
        [&] { return pair.server.sink.size() == long_text.size() && pair.client.sink.size() == long_text.size(); }));
    EXPECT_EQ(pair.server.sink.bytes(), long_text);
    EXPECT_EQ(pair.client.sink.bytes(), long_text);
}

TEST_P(Rough, AFlightThatComesBeforeTheServerIsOpenedIsNotLost)
{
    std::atomic<int> sent{0};
    Pair pair(GetParam(), R"("retransmit_ms": 10000)");
    pair.link.set_filter([&](int, Bytes&) { return ++sent, true; });
    pair.client.open(pair.link.path(0), true, pair.server_identity->device());
    ASSERT_TRUE(pair.run_until([&] { return sent > 0; }));
    pair.server.open(pair.link.path(1), false, pair.client_identity->device());
    ASSERT_TRUE(pair.finish_handshake());
    expect_works(pair);
}

TEST_P(Rough, WhatComesBeforeTheSecuredPathIsOpenedWaits)
{
    std::atomic<int> sent{0};
    Pair pair(GetParam());
    pair.open();
    ASSERT_TRUE(pair.decided(pair.client));
    ASSERT_TRUE(pair.decided(pair.server));
    ASSERT_EQ(pair.client.path().send(text("early")), JF_OK);
    pair.client.open_secured_path();
    pair.link.set_filter([&](int, Bytes&) { return ++sent, true; });
    ASSERT_EQ(pair.client.path().send(text(" bird")), JF_OK);
    ASSERT_TRUE(pair.run_until([&] { return sent > 0; }));
    pair.server.open_secured_path();
    ASSERT_TRUE(pair.run_until([&] { return pair.server.sink.size() == 10; }));
    EXPECT_EQ(jackfield::as_text(pair.server.sink.bytes()), "early bird");
}

TEST_P(RoughStream, TooMuchBeforeTheSecuredPathIsOpenedEndsTheStream)
{
    Pair pair(GetParam());
    pair.open();
    ASSERT_TRUE(pair.decided(pair.client));
    ASSERT_TRUE(pair.decided(pair.server));
    pair.client.open_secured_path();
    const Bytes flood = pattern(65'536);
    for (int i = 0; i < 20; ++i) {
        if (pair.client.path().send(flood) != JF_OK)
            break;
    }
    pair.client.path().send(text("end"));
    ASSERT_TRUE(pair.run_until([&] { return pair.server.path().send(text("x")) == JF_CLOSED; }));
    pair.server.open_secured_path();
    ASSERT_TRUE(pair.run_until([&] { return pair.server.sink.is_closed(); }));
    EXPECT_EQ(pair.server.sink.closed_status(), JF_EXHAUSTED);
}

} // namespace
} // namespace secure_test
