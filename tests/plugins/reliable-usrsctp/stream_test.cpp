// What a stream over datagrams promises: everything, in order, both ways, whatever the path loses or turns round.
//
// Threads: the test's thread is control, the link has its own. Lifetime: the fixture's.
#include "stream_end.hpp"

#include <random>

namespace {

using namespace reliable_test;

class ReliableUsrsctp : public Streams {};

/// Loses, doubles and reorders, the same way each run. One for each direction.
class BadNetwork {
public:
    explicit BadNetwork(double loss) : loss_(loss) {}

    bool operator()(int end, Bytes& packet)
    {
        const std::lock_guard lock(*mutex_);
        std::uniform_real_distribution<> chance(0, 1);
        auto& random = random_[end];
        if (chance(random) < loss_)
            return false;
        if (chance(random) < 0.05) // this one waits and goes in the place of the next
            packet.swap(held_[end]);
        return !packet.empty();
    }

private:
    double loss_;
    std::shared_ptr<std::mutex> mutex_ = std::make_shared<std::mutex>();
    std::mt19937 random_[2]{std::mt19937(7), std::mt19937(11)};
    Bytes held_[2];
};

TEST_F(ReliableUsrsctp, JoinsThePartsOfASendAndTakesAnEmptyOne)
{
    connect();
    const Bytes whole = pattern(50'000);
    const jf_bytes parts[]{to_bytes(ByteView(whole).first(1)), to_bytes({}), to_bytes(ByteView(whole).subspan(1))};
    EXPECT_EQ(a->stream().send(parts), JF_OK);
    EXPECT_EQ(a->stream().send(ByteView()), JF_OK);
    EXPECT_TRUE(host.run_until([&] { return b->received_bytes() == whole.size(); }));
    EXPECT_EQ(b->received_so_far(), whole);
}

TEST_F(ReliableUsrsctp, FillsNoDatagramBeyondWhatThePathCarries)
{
    for (const std::uint32_t limit : {576U, 1150U, 1203U, 9000U}) {
        a.reset();
        b.reset();
        link = std::make_unique<MemoryLink>(JF_DATAGRAM, limit);
        std::atomic<std::size_t> largest{0};
        const ScopedFilter filter(*link, [&](int, Bytes& packet) {
            largest = std::max(largest.load(), packet.size());
            return true;
        });
        connect(limit);
        const Bytes bytes = pattern(200'000);
        ASSERT_TRUE(a->send_all(bytes, 60'000));
        ASSERT_TRUE(host.run_until([&] { return b->received_bytes() == bytes.size(); }));
        EXPECT_EQ(b->received_so_far(), bytes);
        EXPECT_LE(largest, limit);
        EXPECT_GE(largest, limit - 16) << "packets are not filled";
    }
}

TEST_F(ReliableUsrsctp, CarriesTenMegabytes)
{
    connect();
    const Bytes bytes = pattern(10'000'000);
    const auto waits = a->send_all(bytes, 65'536);
    ASSERT_TRUE(waits);
    EXPECT_GT(*waits, 0) << "nothing held the sender back";
    ASSERT_TRUE(host.run_until([&] { return b->received_bytes() == bytes.size(); }));
    EXPECT_EQ(b->received_so_far(), bytes);
}

TEST_F(ReliableUsrsctp, HasMoreUnderWayWhereTheRoundTripIsLong)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "buffers grow where the round trip is what holds up the stream, and here the processor is";
#endif
    constexpr std::size_t kMuch = 1'750'000; // buffers that stay as they were hold 1.25 MiB at most
    const char* delay = R"({"delay_ms": 50, "queue_packets": 100000})";
    link = std::make_unique<MemoryLink>(JF_DATAGRAM, 1200, 100'000);
    Impaired there(host, link->path(0), delay);
    Impaired back(host, link->path(1), delay);
    a = std::make_unique<StreamEnd>(host, plugin, there.path(), true);
    b = std::make_unique<StreamEnd>(host, plugin, back.path(), false);
    ASSERT_TRUE(host.run_until([&] { return a->established() && b->established(); }));
    const Bytes piece = pattern(50'000);
    std::size_t sent = 0;
    std::size_t under_way = 0;
    while (sent < 100'000'000 && under_way < kMuch) {
        ASSERT_TRUE(a->send_all(piece, piece.size()));
        sent += piece.size();
        under_way = std::max(under_way, sent - b->received_bytes());
    }
    EXPECT_GE(under_way, kMuch) << "of " << sent;
    a.reset();
    b.reset();
}

TEST_F(ReliableUsrsctp, LosesAndTurnsRoundNothingOverABadNetwork)
{
    connect();
    link->set_filter(BadNetwork(0.05));
    const Bytes from_a = pattern(1'000'000);
    const Bytes from_b = pattern(300'000);
    ASSERT_TRUE(b->send_all(ByteView(from_b).first(100'000), 5000));
    ASSERT_TRUE(a->send_all(from_a, 20'000));
    ASSERT_TRUE(b->send_all(ByteView(from_b).subspan(100'000), 5000));
    ASSERT_TRUE(
        host.run_until([&] { return b->received_bytes() == from_a.size() && a->received_bytes() == from_b.size(); },
                       std::chrono::seconds(50)));
    EXPECT_EQ(b->received_so_far(), from_a);
    EXPECT_EQ(a->received_so_far(), from_b);
}

TEST_F(ReliableUsrsctp, ShakesHandsThoughMostPacketsAreLost)
{
    link = std::make_unique<MemoryLink>(JF_DATAGRAM);
    link->set_filter(BadNetwork(0.4));
    connect();
    EXPECT_EQ(a->stream().send(pattern(10)), JF_OK);
    EXPECT_TRUE(host.run_until([&] { return b->received_bytes() == 10 || a->end() || b->end(); }));
    EXPECT_EQ(b->received_bytes(), 10U) << (a->end() ? a->end()->text : "") << (b->end() ? b->end()->text : "");
}

TEST_F(ReliableUsrsctp, HoldsTheSenderWhileThePathIsHeldAndLetsItGoOn)
{
    connect();
    link->hold(true);
    const Bytes piece = pattern(50'000);
    std::size_t taken = 0;
    Status status = JF_OK;
    while ((status = a->stream().send(piece)) == JF_OK && taken < 10'000'000)
        taken += piece.size();
    EXPECT_EQ(status, JF_WOULD_BLOCK);
    EXPECT_FALSE(a->writable_);
    link->hold(false);
    ASSERT_TRUE(host.run_until([&] { return a->writable_.load() && b->received_bytes() == taken; }));
    EXPECT_EQ(a->stream().send(piece), JF_OK);
    EXPECT_TRUE(host.run_until([&] { return b->received_bytes() == taken + piece.size(); }));
}

TEST_F(ReliableUsrsctp, HoldsThePeerUntilTheStreamIsOpenAndThenGivesEverything)
{
    link = std::make_unique<MemoryLink>(JF_DATAGRAM);
    a = std::make_unique<StreamEnd>(host, plugin, link->path(0), true);
    b = std::make_unique<StreamEnd>(host, plugin, link->path(1), false, /*open_at_once=*/false);
    ASSERT_TRUE(host.run_until([&] { return a->established() && b->established(); }));
    const Bytes piece = pattern(50'000);
    Bytes sent;
    while (sent.size() < 10'000'000 && a->stream().send(piece) == JF_OK)
        sent.insert(sent.end(), piece.begin(), piece.end());
    EXPECT_LT(sent.size(), 2'000'000U);
    EXPECT_EQ(b->received_bytes(), 0U);
    b->stream().open(*b);
    ASSERT_TRUE(host.run_until([&] { return b->received_bytes() == sent.size(); }));
    EXPECT_EQ(b->received_so_far(), sent);
}

/// a_rwnd of INIT and INIT ACK, or of SACK, if the packet begins with one (RFC 9260 section 3.3): there at the same
/// place.
std::optional<std::uint32_t> window_of(const Bytes& packet, bool sack)
{
    if (packet.size() < 24 || (sack ? packet[12] != 3 : packet[12] != 1 && packet[12] != 2))
        return std::nullopt;
    std::uint32_t window = 0;
    for (std::size_t i = 20; i < 24; ++i)
        window = window << 8 | packet[i];
    return window;
}

TEST_F(ReliableUsrsctp, LetsSlowStartGoFarAndHoldsBackWhoIsNotRead)
{
    link = std::make_unique<MemoryLink>(JF_DATAGRAM);
    std::atomic<std::uint32_t> first = 0;
    std::atomic<std::uint32_t> later = 0;
    const ScopedFilter filter(*link, [&](int end, const Bytes& packet) {
        if (end == 1 && window_of(packet, false))
            first = *window_of(packet, false);
        if (end == 1 && window_of(packet, true))
            later = std::max(later.load(), *window_of(packet, true));
        return true;
    });
    a = std::make_unique<StreamEnd>(host, plugin, link->path(0), true);
    b = std::make_unique<StreamEnd>(host, plugin, link->path(1), false, /*open_at_once=*/false);
    ASSERT_TRUE(host.run_until([&] { return a->established() && b->established(); }));
    ASSERT_EQ(a->stream().send(pattern(50'000)), JF_OK);
    ASSERT_TRUE(host.run_until([&] { return later != 0; }));
    EXPECT_EQ(first, 4U * 1024 * 1024);
    EXPECT_LE(later, 512U * 1024);
    a.reset();
    b.reset();
}

TEST_F(ReliableUsrsctp, MayBeSentOnFromInsideItsReceiver)
{
    connect();
    const Bytes answer = pattern(1000);
    b->on_received = [&] { EXPECT_EQ(b->stream().send(answer), JF_OK); };
    for (int i = 1; i <= 100; ++i) {
        ASSERT_EQ(a->stream().send(pattern(10)), JF_OK);
        ASSERT_TRUE(host.run_until([&] { return a->received_bytes() == 1000U * static_cast<unsigned>(i); }));
    }
}

TEST_F(ReliableUsrsctp, TakesSendsFromSeveralThreads)
{
    connect();
    std::vector<std::thread> threads;
    std::atomic<int> sent{0};
    for (std::uint8_t number = 0; number < 4; ++number) {
        threads.emplace_back([&, number] {
            for (int i = 0; i < 200; ++i)
                sent += a->stream().send(Bytes(100, number)) == JF_OK;
        });
    }
    for (auto& thread : threads)
        thread.join();
    ASSERT_EQ(sent, 800);
    ASSERT_TRUE(host.run_until([&] { return b->received_bytes() == 80'000; }));
    const Bytes got = b->received_so_far();
    for (std::size_t i = 0; i < got.size(); i += 100)
        EXPECT_TRUE(std::all_of(got.begin() + static_cast<long>(i), got.begin() + static_cast<long>(i) + 100,
                                [&](auto byte) { return byte == got[i]; }));
}

TEST_F(ReliableUsrsctp, EndsInOrderAfterEverythingThatWasSent)
{
    connect();
    const Bytes bytes = pattern(60'000);
    ASSERT_EQ(a->stream().send(bytes), JF_OK);
    a->stream().close();
    a->stream().close();
    EXPECT_EQ(a->stream().send(bytes), JF_CLOSED);
    ASSERT_TRUE(host.run_until([&] { return b->end().has_value(); }));
    EXPECT_EQ(b->end()->status, JF_CLOSED);
    EXPECT_EQ(b->received_so_far(), bytes);
    EXPECT_EQ(b->stream().send(bytes), JF_CLOSED);
    EXPECT_FALSE(a->end()); // who closes hears nothing more
}

TEST_F(ReliableUsrsctp, EndsInOrderOverABadNetworkWithAFullQueue)
{
    connect();
    link->set_filter(BadNetwork(0.1));
    const Bytes bytes = pattern(150'000);
    ASSERT_TRUE(a->send_all(bytes, 50'000));
    a->stream().close();
    ASSERT_TRUE(host.run_until([&] { return b->end().has_value(); }));
    EXPECT_EQ(b->end()->status, JF_CLOSED) << b->end()->text;
    EXPECT_EQ(b->received_so_far(), bytes);
}

TEST_F(ReliableUsrsctp, EndsInOrderWhenItIsClosedAndReleasedAtOnce)
{
    connect();
    const Bytes bytes = pattern(500);
    ASSERT_EQ(a->stream().send(bytes), JF_OK);
    a->stream().close();
    a->release();
    ASSERT_TRUE(host.run_until([&] { return b->end().has_value(); }));
    EXPECT_EQ(b->end()->status, JF_CLOSED) << b->end()->text;
    EXPECT_EQ(b->received_so_far(), bytes);
}

TEST_F(ReliableUsrsctp, LetsBothEndsCloseAtOnce)
{
    connect();
    ASSERT_EQ(a->stream().send(pattern(100)), JF_OK);
    ASSERT_EQ(b->stream().send(pattern(100)), JF_OK);
    a->stream().close();
    b->stream().close();
    a->release();
    b->release();
    EXPECT_FALSE(a->end());
    EXPECT_TRUE(!b->end() || b->end()->status == JF_CLOSED) << b->end()->text; // it may have heard before it closed
}

TEST_F(ReliableUsrsctp, SaysThatThePeerBrokeItOff)
{
    connect();
    a->release();
    ASSERT_TRUE(host.run_until([&] { return b->end().has_value(); }));
    EXPECT_EQ(b->end()->status, JF_REFUSED);
    EXPECT_STREQ(b->end()->text, "the peer broke the stream off: the stream was released");
}

TEST_F(ReliableUsrsctp, SaysThatThePathBelowEndedFirst)
{
    connect();
    link->break_link(JF_UNREACHABLE, "the cable is out");
    ASSERT_TRUE(host.run_until([&] { return a->end().has_value() && b->end().has_value(); }));
    EXPECT_EQ(a->end()->status, JF_UNREACHABLE);
    EXPECT_STREQ(a->end()->text, "the path below ended before the stream: the cable is out");
    EXPECT_EQ(a->stream().send(pattern(1)), JF_CLOSED);
}

TEST_F(ReliableUsrsctp, NoticesWithinItsTimeoutThatThePeerIsGone)
{
    connect(); // "timeout_ms": 2000
    for (const bool busy : {false, true}) {
        if (busy) {
            a.reset();
            b.reset();
            link.reset();
            connect();
        }
        const auto start = std::chrono::steady_clock::now();
        link->set_filter([](int, Bytes&) { return false; });
        if (busy) {
            ASSERT_EQ(a->stream().send(pattern(1000)), JF_OK);
        }
        ASSERT_TRUE(host.run_until([&] { return a->end() && b->end(); }));
        const auto took = std::chrono::steady_clock::now() - start;
        EXPECT_EQ(a->end()->status, JF_TIMEOUT) << a->end()->text;
        EXPECT_EQ(b->end()->status, JF_TIMEOUT) << b->end()->text;
        EXPECT_STREQ(b->end()->text, "nothing came from the peer for 2000 ms");
        EXPECT_LT(took, std::chrono::seconds(4));
    }
}

TEST_F(ReliableUsrsctp, StaysUpWhileNothingIsSaid)
{
    connect();
    EXPECT_FALSE(host.run_until([&] { return a->end() || b->end(); }, std::chrono::milliseconds(5000)));
    EXPECT_EQ(a->stream().send(pattern(10)), JF_OK);
    EXPECT_TRUE(host.run_until([&] { return b->received_bytes() == 10; }));
}

TEST_F(ReliableUsrsctp, SurvivesAnOutageShorterThanItsTimeout)
{
    connect();
    const auto outage = std::chrono::steady_clock::now() + std::chrono::seconds(1);
    link->set_filter([=](int, Bytes&) { return std::chrono::steady_clock::now() > outage; });
    const Bytes bytes = pattern(100'000);
    ASSERT_TRUE(a->send_all(bytes, 50'000));
    ASSERT_TRUE(host.run_until([&] { return b->received_bytes() == bytes.size() || b->end(); }));
    EXPECT_EQ(b->received_so_far(), bytes);
}

TEST_F(ReliableUsrsctp, KeepsManyStreamsApart)
{
    constexpr std::size_t kStreams = 20;
    std::vector<std::unique_ptr<MemoryLink>> links;
    std::vector<std::unique_ptr<StreamEnd>> left;
    std::vector<std::unique_ptr<StreamEnd>> right;
    for (std::size_t i = 0; i < kStreams; ++i) {
        links.push_back(std::make_unique<MemoryLink>(JF_DATAGRAM));
        left.push_back(std::make_unique<StreamEnd>(host, plugin, links[i]->path(0), true));
        right.push_back(std::make_unique<StreamEnd>(host, plugin, links[i]->path(1), false));
    }
    const auto all = [&](auto&& holds) {
        for (std::size_t i = 0; i < kStreams; ++i) {
            if (!holds(i))
                return false;
        }
        return true;
    };
    ASSERT_TRUE(
        host.run_until([&] { return all([&](auto i) { return left[i]->established() && right[i]->established(); }); }));
    for (std::size_t i = 0; i < kStreams; ++i)
        ASSERT_EQ(left[i]->stream().send(Bytes(5000, static_cast<std::uint8_t>(i))), JF_OK);
    ASSERT_TRUE(host.run_until([&] { return all([&](auto i) { return right[i]->received_bytes() == 5000; }); }));
    for (std::size_t i = 0; i < kStreams; ++i)
        EXPECT_EQ(right[i]->received_so_far(), Bytes(5000, static_cast<std::uint8_t>(i)));
    left.clear();
    right.clear();
}

} // namespace
