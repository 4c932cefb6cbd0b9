// Over a path that loses and reorders, by seeds that repeat: channels lose nothing, datagrams no more than the path.
#include "quic_pair.hpp"

#include "tests/need_plugins.hpp"

#include <set>
#include <thread>

namespace jackfield::quic_test {
namespace {

std::string impairment(int seed)
{
    test::need_plugins({"path-impair"});
    return R"({"loss": 0.1, "delay_ms": 3, "reorder": 0.2, "seed": )" + std::to_string(seed) + "}";
}

TEST(QuicOverLoss, ChannelsLoseNothing)
{
    for (int seed = 1; seed <= 4; ++seed) {
        Pair pair(R"({"retransmit_ms": 20})", impairment(seed));
        ASSERT_TRUE(pair.connect()) << "seed " << seed;
        ASSERT_TRUE(pair.join("file", JF_STREAM)) << "seed " << seed;
        const Bytes bytes = pattern(300'000, static_cast<unsigned>(seed));
        std::thread sender([&] { EXPECT_TRUE(send_all(pair.client.path("file"), pair.at_client["file"], bytes)); });
        EXPECT_TRUE(pair.until([&] { return pair.at_server["file"].heard().bytes == bytes.size(); }))
            << "seed " << seed;
        sender.join();
        EXPECT_EQ(pair.at_server["file"].heard().stream(), bytes);
    }
}

/// How much of one channel is under way at most, until it is enough or all has been sent.
std::size_t most_under_way(Pair& pair, std::size_t enough, std::size_t all = 40'000'000)
{
    std::size_t most = 0;
    std::atomic<bool> over = false;
    std::thread sender([&] {
        const Bytes piece = pattern(50'000, 1);
        for (std::size_t sent = 0; sent < all && most < enough;) {
            if (!send_all(pair.client.path("file"), pair.at_client["file"], piece))
                break;
            sent += piece.size();
            pair.at_server["file"].wait([&](const auto& heard) {
                most = std::max(most, sent - std::min(sent, heard.bytes));
                return true;
            });
        }
        over = true;
    });
    EXPECT_TRUE(pair.until([&] { return over.load(); }));
    sender.join();
    return most;
}

TEST(QuicOverADistance, HasMoreUnderWayOnAChannelThanItBeganWith)
{
    test::need_plugins({"path-impair"});
    const char* delay = R"({"delay_ms": 25, "queue_packets": 100000})";
    Pair pair("{}", delay);
    ASSERT_TRUE(pair.connect());
    ASSERT_TRUE(pair.join("file", JF_STREAM));
    EXPECT_GE(most_under_way(pair, 1'500'000), 1'500'000U);

    Pair fixed(R"({"max_window_bytes": 262144})", delay);
    ASSERT_TRUE(fixed.connect());
    ASSERT_TRUE(fixed.join("file", JF_STREAM));
    EXPECT_LE(most_under_way(fixed, 600'000, 4'000'000), 2 * (256U * 1024 + 512)) << "one window here, one on its way";
}

TEST(QuicOverLoss, DatagramsAreLostAsThePathLosesAndNeverChangedOrDoubled)
{
    constexpr std::size_t count = 400;
    Pair pair(R"({"retransmit_ms": 20})", impairment(7));
    ASSERT_TRUE(pair.connect());
    ASSERT_TRUE(pair.join("media", JF_DATAGRAM));
    std::thread sender([&] {
        for (std::size_t i = 0; i < count; ++i) {
            Bytes packet = pattern(200, 0);
            packet[0] = static_cast<std::uint8_t>(i >> 8U);
            packet[1] = static_cast<std::uint8_t>(i);
            EXPECT_TRUE(send_all(pair.client.path("media"), pair.at_client["media"], packet));
        }
    });
    EXPECT_TRUE(pair.until([&] { return pair.at_server["media"].heard().packets.size() >= count * 3 / 4; }));
    sender.join();
    ASSERT_TRUE(pair.join("behind", JF_STREAM));
    const auto packets = pair.at_server["media"].heard().packets;
    EXPECT_LT(packets.size(), count) << "nothing was lost";
    std::set<Bytes> different(packets.begin(), packets.end());
    EXPECT_EQ(different.size(), packets.size());
    const Bytes same = pattern(200, 0);
    for (const auto& packet : packets)
        EXPECT_EQ(Bytes(packet.begin() + 2, packet.end()), Bytes(same.begin() + 2, same.end()));
}

/// The timer that was set for the silence would run out far too late.
TEST(QuicOverLoss, AfterASilenceIsNoticedInTime)
{
    std::atomic<bool> dropping{false};
    Pair pair(R"({"idle_timeout_ms": 120000})");
    ASSERT_TRUE(pair.connect());
    ASSERT_TRUE(pair.join("quiet", JF_STREAM));
    pair.link.set_filter([&](int end, Bytes&) { return end == 1 || !dropping.exchange(false); });
    ASSERT_TRUE(pair.until([&] { return pair.host.next_timer_in() > std::chrono::seconds(10); }));
    dropping = true;
    ASSERT_EQ(pair.client.path("quiet").send(pattern(100, 1)), JF_OK);
    EXPECT_TRUE(pair.until([&] { return pair.at_server["quiet"].heard().bytes == 100; }));
    EXPECT_FALSE(dropping);
}

TEST(QuicOverLoss, ASignOfLifeIsAskedForAgain)
{
    std::atomic<int> dropped{0};
    std::atomic<bool> dropping{false};
    Pair pair(R"({"retransmit_ms": 20})");
    ASSERT_TRUE(pair.connect());
    ASSERT_TRUE(pair.join("quiet", JF_STREAM));
    pair.link.set_filter([&](int end, Bytes&) { return !(end == 0 && dropping && ++dropped <= 2); });
    dropping = true;
    std::optional<Status> alive;
    pair.client.ping(std::chrono::seconds(10), alive);
    ASSERT_TRUE(pair.until([&] { return alive.has_value(); }));
    EXPECT_EQ(*alive, JF_OK);
    EXPECT_GE(dropped, 2);
}

} // namespace
} // namespace jackfield::quic_test
