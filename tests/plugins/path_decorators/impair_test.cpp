// path-impair as the kernel meets it: through the C table, upon a link in memory, in real time.
#include "decorated_link.hpp"

namespace jackfield::decorator_test {
namespace {

using namespace std::chrono_literals;

/// Nanoseconds from the first send to each arrival, by the host's clock.
std::vector<std::int64_t> lateness(DecoratedLink& link, const Path& from, PathEar& at, int packets)
{
    std::vector<std::int64_t> sent_ns;
    for (int i = 0; i < packets; ++i) {
        sent_ns.push_back(link.host().now_ns());
        from.send(packet_of(static_cast<std::uint8_t>(i)));
    }
    EXPECT_TRUE(at.wait_for_packets(static_cast<std::size_t>(packets)));
    std::vector<std::int64_t> late_ns = at.heard().arrivals_ns;
    for (std::size_t i = 0; i < late_ns.size() && i < sent_ns.size(); ++i)
        late_ns[i] -= sent_ns[i];
    return late_ns;
}

TEST(PathImpair, DelaysWhatIsReceivedIfToldAndSaysWhenItCame)
{
    DecoratedLink link("path-impair", R"({"delay_ms": 30, "direction": "receive"})", JF_DATAGRAM);
    link.open();
    for (const std::int64_t late_ns : lateness(link, link.far(), link.at_near(), 5))
        EXPECT_GE(late_ns, 30'000'000);
}

TEST(PathImpair, DelaysWhatIsSent)
{
    for (const std::uint32_t kind : {JF_DATAGRAM, JF_STREAM}) {
        DecoratedLink link("path-impair", R"({"delay_ms": 30})", kind);
        link.open();
        const auto start = std::chrono::steady_clock::now();
        ASSERT_EQ(link.near().send(packet_of(1)), JF_OK);
        ASSERT_TRUE(link.at_far().wait_for_packets(1));
        EXPECT_GE(std::chrono::steady_clock::now() - start, 30ms);
    }
}

TEST(PathImpair, LosesTheSamePacketsInEveryRun)
{
    std::vector<Bytes> first;
    for (int run = 0; run < 2; ++run) {
        DecoratedLink link("path-impair", R"({"loss": 0.5, "seed": 42})", JF_DATAGRAM);
        std::vector<Bytes> packets;
        link.link().set_filter([&packets](int, const Bytes& packet) {
            packets.push_back(packet);
            return true;
        });
        link.open();
        for (std::uint8_t number = 0; number < 100; ++number)
            ASSERT_EQ(link.near().send(packet_of(number)), JF_OK);
        link.near().close(); // lets go what is on its way
        link.link().set_filter(nullptr);
        EXPECT_GT(packets.size(), 30U);
        EXPECT_LT(packets.size(), 70U);
        if (run == 0)
            first = packets;
        else
            EXPECT_EQ(packets, first);
    }
}

TEST(PathImpair, DoublesPackets)
{
    DecoratedLink link("path-impair", R"({"duplicate": 1})", JF_DATAGRAM);
    link.open();
    ASSERT_EQ(link.near().send(packet_of(5)), JF_OK);
    ASSERT_TRUE(link.at_far().wait_for_packets(2));
    EXPECT_EQ(link.at_far().heard().packets, (std::vector<Bytes>{packet_of(5), packet_of(5)}));
}

TEST(PathImpair, MakesAStreamWaitForItsTurnAndLosesNothing)
{
    DecoratedLink link("path-impair", R"({"rate_bps": 8000000, "queue_bytes": 10000})", JF_STREAM);
    link.open();
    Bytes sent;
    int refused = 0;
    for (std::uint8_t number = 0; number < 100;) {
        const int writable = link.at_near().heard().writable;
        const Bytes packet = packet_of(number, 1000);
        const Status status = link.near().send(packet);
        if (status == JF_WOULD_BLOCK) {
            ++refused;
            ASSERT_TRUE(link.at_near().wait([&](const auto& heard) { return heard.writable > writable; }));
            continue;
        }
        ASSERT_EQ(status, JF_OK);
        sent.insert(sent.end(), packet.begin(), packet.end());
        ++number;
    }
    EXPECT_GT(refused, 0);
    ASSERT_TRUE(link.at_far().wait([&](const auto& heard) { return heard.bytes >= sent.size(); }));
    EXPECT_EQ(link.at_far().heard().stream(), sent);
}

TEST(PathImpair, EndsThePathAfterWhatWasOnItsWay)
{
    DecoratedLink link("path-impair", R"({"delay_ms": 40, "direction": "receive"})", JF_STREAM);
    link.open();
    ASSERT_EQ(link.far().send(packet_of(1)), JF_OK);
    link.far().close();
    ASSERT_TRUE(link.at_near().wait([](const auto& heard) { return heard.closed == 1; }));
    EXPECT_EQ(link.at_near().heard().status, JF_CLOSED);
    EXPECT_EQ(link.at_near().heard().bytes, 100U) << "the end must not overtake the data";
}

TEST(PathImpair, EndsAStreamThatComesFasterThanItMay)
{
    DecoratedLink link("path-impair", R"({"rate_bps": 8000, "queue_bytes": 1000, "direction": "receive"})", JF_STREAM);
    link.open();
    for (int i = 0; i < 20; ++i)
        link.far().send(packet_of(1, 1000));
    ASSERT_TRUE(link.at_near().wait([](const auto& heard) { return heard.closed == 1; }));
    EXPECT_EQ(link.at_near().heard().status, JF_EXHAUSTED);
}

} // namespace
} // namespace jackfield::decorator_test
