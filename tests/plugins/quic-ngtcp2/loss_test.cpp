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

/// A path that counts what is sent on it.
class Counted final : public PathBase {
public:
    explicit Counted(Path below) : below_(below) {}

    jf_path_info describe() const noexcept override { return below_.describe(); }
    void open(jf_path_receiver receiver) override
    {
        jf_error error = no_error();
        check(below_.raw().methods->open(below_.raw().self, receiver, &error), error);
    }
    Status send(std::span<const jf_bytes> parts) noexcept override
    {
        bytes += total_size(parts);
        return below_.send(parts);
    }
    void close() noexcept override { below_.close(); }

    std::atomic<std::size_t> bytes = 0;

private:
    Path below_;
};

/// How much is on its way to the server at most while a channel carries so much, or until it is enough.
std::size_t most_under_way(const std::string& config, std::size_t all, std::size_t enough)
{
    Pair pair(config, R"({"delay_ms": 25, "queue_packets": 100000})");
    Counted counted(pair.below[0]);
    pair.below[0] = Path(counted.handle());
    std::atomic<std::size_t> arrived = 0;
    pair.link.set_filter([&](int end, const Bytes& packet) {
        arrived += end == 0 ? packet.size() : 0;
        return true;
    });
    EXPECT_TRUE(pair.connect());
    EXPECT_TRUE(pair.join("file", JF_STREAM));
    std::size_t most = 0;
    std::atomic<bool> over = false;
    std::thread sender([&] {
        const Bytes piece = pattern(10'000, 1);
        for (std::size_t sent = 0; sent < all && most < enough; sent += piece.size()) {
            if (!send_all(pair.client.path("file"), pair.at_client["file"], piece))
                break;
            const std::size_t there = arrived;
            most = std::max(most, counted.bytes - there);
        }
        over = true;
    });
    EXPECT_TRUE(pair.until([&] { return over.load(); }));
    sender.join();
    pair.client.release();
    pair.server.release();
    pair.link.set_filter({});
    return most;
}

TEST(QuicOverADistance, HasMoreUnderWayOnAChannelThanItBeganWith)
{
    test::need_plugins({"path-impair"});
    EXPECT_GE(most_under_way("{}", 60'000'000, 450'000), 450'000U);
    EXPECT_LE(most_under_way(R"({"max_window_bytes": 262144})", 3'000'000, 450'000), 400'000U);
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
