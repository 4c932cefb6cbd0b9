// The secured path as a path: sizes, backpressure, volume, order of the end, release at any moment.
//
// Threads: the test's thread is control; some tests send from threads of their own.
#include "cases.hpp"

#include <set>
#include <thread>

namespace secure_test {
namespace {

class Flow : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(All, Flow, ::testing::ValuesIn(all_cases()), case_name);
class StreamFlow : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(All, StreamFlow, ::testing::ValuesIn(cases_on(JF_STREAM)), case_name);
class DatagramFlow : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(All, DatagramFlow, ::testing::ValuesIn(cases_on(JF_DATAGRAM)), case_name);

// ---- what the path says of itself ----

TEST_P(StreamFlow, SaysItIsASecuredStream)
{
    Pair pair(GetParam());
    ASSERT_TRUE(pair.connect());
    const jf_path_info info = pair.client.path().describe();
    EXPECT_EQ(info.kind, static_cast<std::uint32_t>(JF_STREAM));
    EXPECT_EQ(info.secured, 1U);
    EXPECT_EQ(info.reliable, 1U);
    EXPECT_EQ(info.max_datagram_bytes, static_cast<std::uint32_t>(JF_STREAM_SEND_MAX));
    const Bytes too_much(JF_STREAM_SEND_MAX + 1);
    EXPECT_EQ(pair.client.path().send(too_much), JF_BAD_INPUT);
}

TEST_P(DatagramFlow, TheLargestDatagramFitsThePathBelow)
{
    std::atomic<std::size_t> wire{0};
    Pair pair(GetParam());
    ASSERT_TRUE(pair.connect());
    const jf_path_info info = pair.client.path().describe();
    EXPECT_EQ(info.secured, 1U);
    EXPECT_EQ(info.reliable, 0U);
    EXPECT_EQ(info.max_datagram_bytes, 1200U - info.overhead_bytes);
    pair.link.set_filter([&](int, Bytes& packet) { return wire = packet.size(), true; });
    const Bytes largest = pattern(info.max_datagram_bytes);
    ASSERT_EQ(pair.client.path().send(largest), JF_OK);
    ASSERT_TRUE(pair.run_until([&] { return pair.server.sink.size() == largest.size(); }));
    EXPECT_EQ(wire, 1200U);
    EXPECT_EQ(pair.server.sink.bytes(), largest);
    EXPECT_EQ(pair.client.path().send(Bytes(largest.size() + 1)), JF_BAD_INPUT);
    EXPECT_EQ(pair.client.path().send(Bytes()), JF_BAD_INPUT);
}

TEST_P(Flow, AGatherListArrivesAsOne)
{
    Pair pair(GetParam());
    ASSERT_TRUE(pair.connect());
    const Bytes whole = pattern(GetParam().stream() ? 50'000 : 1000);
    std::vector<jf_bytes> parts;
    for (std::size_t at = 0, step = 1; at < whole.size(); at += step, step = step * 3 % 997 + 1)
        parts.push_back({whole.data() + at, std::min(step, whole.size() - at)});
    ASSERT_EQ(pair.client.path().send(parts), JF_OK);
    ASSERT_TRUE(pair.run_until([&] { return pair.server.sink.size() == whole.size(); }));
    EXPECT_EQ(pair.server.sink.bytes(), whole);
    EXPECT_EQ(pair.server.sink.packets().size(), GetParam().stream() ? 4U : 1U); // full records
}

TEST_P(Flow, NothingCanBeReadOnTheWire)
{
    std::atomic<bool> seen{false};
    const std::string secret = "this must not be seen by anybody on the way";
    Pair pair(GetParam());
    pair.link.set_filter([&](int, Bytes& packet) {
        if (jackfield::as_text(packet).find(secret) != std::string_view::npos)
            seen = true;
        return true;
    });
    ASSERT_TRUE(pair.connect());
    ASSERT_EQ(pair.client.path().send(text(secret)), JF_OK);
    ASSERT_TRUE(pair.run_until([&] { return pair.server.sink.size() == secret.size(); }));
    EXPECT_FALSE(seen);
}

TEST_P(Flow, ArrivalTimeAndCongestionMarksComeThrough)
{
    std::atomic<std::int64_t> arrival{0};
    Pair pair(GetParam());
    pair.server.sink.on_packet = [&](const jf_packet& packet) { arrival = packet.arrival_ns; };
    ASSERT_TRUE(pair.connect());
    const std::int64_t before = pair.host.now_ns();
    ASSERT_EQ(pair.client.path().send(text("x")), JF_OK);
    ASSERT_TRUE(pair.run_until([&] { return pair.server.sink.size() == 1; }));
    EXPECT_GE(arrival, before);
    EXPECT_LE(arrival, pair.host.now_ns());
}

// ---- key material ----

TEST_P(Flow, KeyMaterialIsTheSameAtBothEnds)
{
    Pair pair(GetParam());
    pair.link.hold(true);
    pair.open();
    EXPECT_THROW(pair.client.export_key("EXPORTER-test", "", 32), jackfield::Failure);
    pair.link.hold(false);
    ASSERT_TRUE(pair.finish_handshake());
    const Bytes plain = pair.client.export_key("EXPORTER-test", "", 60);
    EXPECT_EQ(plain.size(), 60U);
    EXPECT_EQ(plain, pair.server.export_key("EXPORTER-test", "", 60));
    const Bytes bound = pair.client.export_key("EXPORTER-test", "context", 60);
    EXPECT_EQ(bound, pair.server.export_key("EXPORTER-test", "context", 60));
    EXPECT_NE(bound, plain);
    EXPECT_NE(pair.client.export_key("EXPORTER-other", "", 60), plain);
    EXPECT_THROW(pair.client.export_key("EXPORTER-test", "", 1'000'000), jackfield::Failure);
}

// ---- backpressure and volume ----

TEST_P(StreamFlow, NothingAcceptedIsLostWhenThePathBelowBlocks)
{
    Pair pair(GetParam());
    ASSERT_TRUE(pair.connect());
    pair.link.hold(true);
    const Bytes block = pattern(JF_STREAM_SEND_MAX);
    std::size_t accepted = 0;
    Status status = JF_OK;
    for (int i = 0; i < 20'000 && status == JF_OK; ++i) {
        status = pair.client.path().send(block);
        if (status == JF_OK)
            ++accepted;
    }
    ASSERT_EQ(status, JF_WOULD_BLOCK);
    EXPECT_EQ(pair.client.path().send(text("x")), JF_WOULD_BLOCK); // until writable
    EXPECT_EQ(pair.client.sink.writable_count(), 0U);
    pair.link.hold(false);
    ASSERT_TRUE(pair.run_until([&] { return pair.client.sink.writable_count() == 1; }));
    ASSERT_EQ(pair.client.path().send(block), JF_OK);
    ++accepted;
    ASSERT_TRUE(pair.run_until([&] { return pair.server.sink.size() == accepted * block.size(); }));
    const Bytes got = pair.server.sink.bytes();
    for (std::size_t i = 0; i < accepted; ++i)
        ASSERT_TRUE(
            std::equal(block.begin(), block.end(), got.begin() + static_cast<std::ptrdiff_t>(i * block.size())));
}

/// Sends `total` bytes of a pattern as fast as the path takes them.
class Sender {
public:
    Sender(End& from, std::size_t total, std::uint32_t seed) : from_(from), data_(pattern(total, seed)) {}
    void run_stream()
    {
        thread_ = std::thread([this] {
            for (std::size_t at = 0, step = 1; at < data_.size() && !failed_;) {
                step = std::min<std::size_t>({step * 7 % 65'521 + 1, data_.size() - at});
                const std::size_t seen = from_.sink.writable_count();
                const Status status = from_.path().send(ByteView(data_).subspan(at, step));
                if (status == JF_OK)
                    at += step;
                else if (status == JF_WOULD_BLOCK)
                    wait_writable(seen);
                else
                    failed_ = true;
            }
        });
    }
    ~Sender()
    {
        if (thread_.joinable())
            thread_.join();
    }
    const Bytes& data() const { return data_; }
    bool failed() const { return failed_; }

private:
    void wait_writable(std::size_t seen) const { from_.sink.wait_writable(seen); }

    End& from_;
    Bytes data_;
    std::atomic<bool> failed_{false};
    std::thread thread_;
};

TEST_P(StreamFlow, TwentyMegabytesBothWaysAtOnceArriveIntact)
{
    constexpr std::size_t total = 20'000'000;
    Pair pair(GetParam());
    ASSERT_TRUE(pair.connect());
    Sender up(pair.client, total, 1);
    Sender down(pair.server, total, 2);
    up.run_stream();
    down.run_stream();
    ASSERT_TRUE(pair.run_until([&] { return pair.client.sink.size() >= total && pair.server.sink.size() >= total; }));
    EXPECT_EQ(pair.server.sink.bytes(), up.data());
    EXPECT_EQ(pair.client.sink.bytes(), down.data());
    EXPECT_FALSE(up.failed() || down.failed());
}

TEST_P(DatagramFlow, TwentyMegabytesBothWaysAtOnceArriveIntact)
{
    constexpr std::size_t size = 1100;
    constexpr std::size_t count = 20'000'000 / size;
    Pair pair(GetParam());
    ASSERT_TRUE(pair.connect());
    const Bytes data = pattern(size * count, 3);
    const auto pump = [&](End& from, const Sink& to) {
        for (std::size_t i = 0; i < count; ++i) {
            if (i >= 500 && !to.wait_size((i - 500) * size)) // so that the link need not drop
                return;
            from.path().send(ByteView(data).subspan(i * size, size));
        }
    };
    std::thread up([&] { pump(pair.client, pair.server.sink); });
    std::thread down([&] { pump(pair.server, pair.client.sink); });
    up.join();
    down.join();
    ASSERT_TRUE(pair.run_until(
        [&] { return pair.client.sink.size() == data.size() && pair.server.sink.size() == data.size(); }));
    EXPECT_EQ(pair.server.sink.bytes(), data);
    EXPECT_EQ(pair.client.sink.bytes(), data);
    EXPECT_EQ(pair.server.sink.packets().size(), count);
}

TEST_P(Flow, SeveralThreadsMaySendAtOnce)
{
    Pair pair(GetParam());
    ASSERT_TRUE(pair.connect());
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&pair, t] {
            const Bytes message(100, static_cast<std::uint8_t>(t));
            for (int i = 0; i < 100; ++i)
                pair.client.path().send(message);
        });
    }
    for (auto& thread : threads)
        thread.join();
    ASSERT_TRUE(pair.run_until([&] { return pair.server.sink.size() == 40'000; }));
    const Bytes got = pair.server.sink.bytes();
    for (std::size_t i = 0; i < got.size(); i += 100)
        ASSERT_EQ(std::count(got.begin() + static_cast<std::ptrdiff_t>(i),
                             got.begin() + static_cast<std::ptrdiff_t>(i) + 100, got[i]),
                  100);
}

TEST_P(Flow, AReceiverMaySendFromInsideItsCall)
{
    Pair pair(GetParam());
    pair.server.sink.on_packet = [&](const jf_packet& packet) {
        pair.server.path().send(jackfield::view(packet.bytes)); // an echo
    };
    ASSERT_TRUE(pair.connect());
    for (int i = 0; i < 50; ++i)
        ASSERT_EQ(pair.client.path().send(text("echo")), JF_OK);
    ASSERT_TRUE(pair.run_until([&] { return pair.client.sink.size() == 200; }));
}

// ---- the end ----

TEST_P(Flow, AnOrderlyEndIsToldAsSuch)
{
    Pair pair(GetParam());
    ASSERT_TRUE(pair.connect());
    ASSERT_EQ(pair.client.path().send(text("bye")), JF_OK);
    pair.client.path().close();
    pair.client.path().close(); // as often as one likes
    ASSERT_TRUE(pair.run_until([&] { return pair.server.sink.is_closed(); }));
    EXPECT_EQ(pair.server.sink.closed_status(), JF_CLOSED) << pair.server.sink.closed_text();
    EXPECT_EQ(jackfield::as_text(pair.server.sink.bytes()), "bye");
    EXPECT_EQ(pair.server.path().send(text("x")), JF_CLOSED);
    EXPECT_EQ(pair.client.path().send(text("x")), JF_CLOSED);
    EXPECT_FALSE(pair.client.sink.is_closed()); // who closes is not told
}

TEST_P(Flow, OpeningTwiceIsRefused)
{
    Pair pair(GetParam());
    ASSERT_TRUE(pair.connect());
    try {
        pair.client.open_secured_path();
        FAIL() << "opened twice";
    } catch (const jackfield::Failure& failure) {
        EXPECT_EQ(failure.status(), JF_BUSY);
    }
}

TEST_P(Flow, ClosingWhileTheOtherSendsEndsTheSender)
{
    for (int round = 0; round < 3; ++round) {
        std::atomic<bool> stop{false};
        std::atomic<Status> last{JF_OK};
        Pair pair(GetParam());
        ASSERT_TRUE(pair.connect());
        std::thread sender([&] {
            const Bytes message = pattern(1000);
            for (std::size_t sent = 0; !stop && last != JF_CLOSED; sent += message.size()) {
                last = pair.client.path().send(message);
                // Not too far ahead: a full link would have no room for the close_notify this test waits for.
                while (!stop && !pair.client.sink.is_closed() && sent > pair.server.sink.size() + 20'000)
                    std::this_thread::yield();
            }
        });
        EXPECT_TRUE(pair.run_until([&] { return pair.server.sink.size() > 100'000; }));
        pair.server.release();
        EXPECT_TRUE(pair.run_until([&] { return pair.client.sink.is_closed() && last == JF_CLOSED; }));
        stop = true;
        sender.join();
        EXPECT_EQ(pair.client.sink.closed_status(), JF_CLOSED) << pair.client.sink.closed_text();
    }
}

TEST_P(Flow, ReleasingWhileOnesOwnThreadSendsIsSafe)
{
    for (int round = 0; round < 3; ++round) {
        std::atomic<bool> stop{false};
        Pair pair(GetParam());
        ASSERT_TRUE(pair.connect());
        const Path path = pair.client.path();
        std::thread sender([&] {
            const Bytes message = pattern(1000);
            while (!stop && path.send(message) != JF_CLOSED) {
            }
        });
        EXPECT_TRUE(pair.run_until([&] { return pair.server.sink.size() > 100'000; }));
        path.close(); // the sender learns of it by JF_CLOSED
        sender.join();
        pair.client.release();
    }
}

TEST_P(Flow, ReleaseIsPossibleInEveryStateOfTheHandshake)
{
    for (int frozen_after = 0; frozen_after < 12; ++frozen_after) {
        for (const bool client_first : {true, false}) {
            std::atomic<int> passed{0};
            std::atomic<bool> frozen{false};
            Pair pair(GetParam());
            pair.link.set_filter([&](int, Bytes&) {
                frozen = passed >= frozen_after;
                if (!frozen)
                    ++passed;
                return !frozen.load();
            });
            pair.open();
            ASSERT_TRUE(pair.run_until([&] { return frozen || (pair.client.decided() && pair.server.decided()); }));
            End& first = client_first ? pair.client : pair.server;
            End& second = client_first ? pair.server : pair.client;
            const bool was_decided = first.decided();
            first.release();
            pair.host.run_pending();
            EXPECT_EQ(first.decided(), was_decided) << "an event after release";
            second.release();
            pair.host.run_pending();
            EXPECT_EQ(pair.host.timer_count(), 0U);
        }
    }
}

TEST(SecureFlow, AServerOfTls13IsSecuredOnlyByTheClientsFinished)
{
    std::atomic<int> from_client{0};
    Pair pair({"secure-openssl", "secure-openssl", JF_STREAM});
    pair.link.set_filter([&](int end, Bytes&) { return end == 1 || ++from_client == 1; }); // the hello alone passes
    pair.open();
    ASSERT_TRUE(pair.decided(pair.client));
    EXPECT_TRUE(pair.client.secured());
    EXPECT_EQ(pair.client.path().send(text("at once")), JF_OK);
    ASSERT_TRUE(pair.run_until([&] { return from_client >= 3; }));
    pair.host.run_pending();
    EXPECT_FALSE(pair.server.decided());
}

} // namespace
} // namespace secure_test
