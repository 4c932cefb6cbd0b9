// Media over QUIC costs no allocation of ours: ngtcp2 and GnuTLS take theirs by malloc, we would by new.
#include "quic_pair.hpp"

#include "session.hpp"
#include "tests/allocation_counts.hpp"

namespace jackfield::quic_test {
namespace {

class Counting final : public PathReceiver {
public:
    void received(const jf_packet&) noexcept override { ++packets; }
    void closed(Status, std::string_view) noexcept override {}
    std::atomic<int> packets{0};
};

TEST(QuicMedia, AllocatesNothingOfOursForAPacketThatIsSent)
{
#if !COUNTS_ALLOCATIONS
    GTEST_SKIP() << "a sanitizer has malloc";
#endif
    Counting at_client, at_server;
    Pair pair;
    ASSERT_TRUE(pair.connect());
    ASSERT_TRUE(pair.make("media", JF_DATAGRAM));
    const Path path = pair.client.path("media");
    path.open(at_client);
    pair.server.path("media").open(at_server);
    const Bytes packet = pattern(1000, 1);
    const auto send = [&](int count) {
        for (int sent = 0; sent < count; ++sent) {
            while (path.send(packet) != JF_OK)
                pair.host.run_pending();
            const int wanted = sent;
            pair.until([&] { return at_server.packets >= wanted; });
        }
    };
    send(50); // warm: what is made once is made
    at_server.packets = 0;
    pair.host.run_pending();

    constexpr int kPackets = 40;
    std::uint64_t counted = 0;
    for (int sent = 0; sent < kPackets; ++sent) {
        const std::uint64_t before = new_count;
        ASSERT_EQ(path.send(packet), JF_OK);
        counted += new_count - before;
        ASSERT_TRUE(pair.until([&] { return at_server.packets > sent; }));
    }
    // The link in memory copies each packet: a buffer, and now and then a piece of its queue. A timer that is to run
    // out sooner than before costs a few when it is set, and that is once for many packets.
    EXPECT_LE(counted, kPackets * 3 / 2) << "allocations while " << kPackets << " packets were sent";
}

} // namespace
} // namespace jackfield::quic_test
