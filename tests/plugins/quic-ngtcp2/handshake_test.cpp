// The handshake takes one round trip, and only our protocol.
#include "quic_pair.hpp"

namespace jackfield::quic_test {
namespace {

TEST(QuicHandshake, SaysWhatItIs)
{
    Pair pair;
    ASSERT_TRUE(pair.connect());
    EXPECT_EQ(pair.client.protocol, "QUIC 1 (TLS 1.3)");
}

TEST(QuicHandshake, SecuresTheClientAfterOneRoundTripAndTheServerByItsFinished)
{
    std::atomic<int> from_client{0};
    Pair pair(R"({"retransmit_ms": 10000})");
    pair.link.set_filter([&](int end, Bytes&) { return end == 1 || ++from_client == 1; }); // the hello alone passes
    pair.open();
    ASSERT_TRUE(pair.until([&] { return pair.client.secured(); }));
    ASSERT_TRUE(pair.until([&] { return from_client > 1; }));
    pair.host.run_pending();
    EXPECT_FALSE(pair.server.secured());
}

TEST(QuicHandshake, NeedsNoTimerOnAGoodPath)
{
    Pair pair(R"({"retransmit_ms": 10000})");
    const std::int64_t begin_ns = pair.host.now_ns();
    ASSERT_TRUE(pair.connect());
    EXPECT_LT(pair.host.now_ns() - begin_ns, 5'000'000'000) << "less than the first timer";
}

TEST(QuicHandshake, OfAChannelThatIsAskedForBeforeTheServerListensWaits)
{
    Pair pair;
    pair.server.multiplexes = false;
    pair.open();
    ASSERT_TRUE(pair.until([&] { return pair.client.ready(); }));
    pair.client.ask("early", JF_STREAM);
    ASSERT_TRUE(pair.until([&] { return pair.server.secured(); }));
    std::optional<Status> alive; // what came after the request has been answered
    pair.client.ping(std::chrono::seconds(10), alive);
    ASSERT_TRUE(pair.until([&] { return alive.has_value(); }));
    pair.host.run_pending();
    pair.server.listen();
    EXPECT_TRUE(pair.until([&] { return pair.server.requests.contains("early"); }));
}

TEST(QuicIdle, AConnectionThatSaysNothingIsKeptAliveByItself)
{
    Pair pair(R"({"idle_timeout_ms": 1000})");
    ASSERT_TRUE(pair.connect());
    const std::int64_t until_ns = pair.host.now_ns() + 2'500'000'000;
    pair.until([&] { return pair.host.now_ns() > until_ns; });
    EXPECT_TRUE(pair.client.closed.empty() && pair.server.closed.empty());
    EXPECT_TRUE(pair.join("late", JF_STREAM));
}

TEST(QuicIdle, APeerThatIsGoneIsNoticed)
{
    Pair pair(R"({"idle_timeout_ms": 1000})");
    ASSERT_TRUE(pair.connect());
    pair.link.hold(true);
    ASSERT_TRUE(pair.until([&] { return pair.client.closed.size() == 1 && pair.server.closed.size() == 1; }));
    EXPECT_EQ(pair.client.closed[0], JF_TIMEOUT);
}

} // namespace
} // namespace jackfield::quic_test
