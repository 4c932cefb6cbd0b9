// The secured path as a path: backpressure, volume, order of the end, release at any moment.
//
// Threads: the test's thread is control; some tests send from threads of their own.
#include "cases.hpp"

#include <set>
#include <thread>

namespace secure_test {
namespace {

class Flow : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(All, Flow, ::testing::ValuesIn(clear_too()), case_name);
class StreamFlow : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(All, StreamFlow, ::testing::ValuesIn(cases_on(JF_STREAM, clear_too())), case_name);
class DatagramFlow : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(All, DatagramFlow, ::testing::ValuesIn(cases_on(JF_DATAGRAM, clear_too())), case_name);

/// Datagrams that nobody encrypts end without a word.
std::vector<Case> cases_that_tell_the_end()
{
    std::vector<Case> cases = clear_too();
    std::erase_if(cases, [](const Case& each) { return !each.encrypts() && !each.stream(); });
    return cases;
}
class Ending : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(All, Ending, ::testing::ValuesIn(cases_that_tell_the_end()), case_name);

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

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t a_lot = 4'000'000; // they take their time, and see the same
#else
constexpr std::size_t a_lot = 20'000'000;
#endif

TEST_P(StreamFlow, MegabytesBothWaysAtOnceArriveIntact)
{
    constexpr std::size_t total = a_lot;
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

TEST_P(DatagramFlow, MegabytesBothWaysAtOnceArriveIntact)
{
    constexpr std::size_t size = 1100;
    constexpr std::size_t count = a_lot / size;
    Pair pair(GetParam());
    ASSERT_TRUE(pair.connect());
    const Bytes data = pattern(size * count, 3);
    const auto pump = [&](End& from, const Sink& to) {
        for (std::size_t i = 0; i < count; ++i) {
            if (i >= 500 && !to.wait_size((i - 500) * size)) // so that the link need not drop
                return;
            std::size_t seen = from.sink.writable_count();
            while (from.path().send(ByteView(data).subspan(i * size, size)) == JF_WOULD_BLOCK) {
                from.sink.wait_writable(seen);
                seen = from.sink.writable_count();
            }
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
            for (int i = 0; i < 100; ++i) {
                std::size_t seen = pair.client.sink.writable_count();
                while (pair.client.path().send(message) == JF_WOULD_BLOCK) {
                    pair.client.sink.wait_writable(seen);
                    seen = pair.client.sink.writable_count();
                }
            }
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

TEST_P(Ending, AnOrderlyEndIsToldAsSuch)
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

TEST_P(Ending, ClosingWhileTheOtherSendsEndsTheSender)
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

} // namespace
} // namespace secure_test
