// Streams of every plugin: order and completeness, back pressure, several senders, and every way in which one ends.
#include "every_plugin.hpp"

namespace jackfield::connectivity_test {
namespace {

/// Two instances, because a receiver that is held up must not hold up the sender's thread.
class Streams : public EveryPlugin {
protected:
    void SetUp() override
    {
        left_ = make(host_);
        right_ = make(host_);
        call_ = std::make_unique<Call>(*left_, *right_, JF_STREAM);
        ASSERT_TRUE(call_->connect(host_, 1)) << call_->a.text_ << call_->b.text_;
    }
    void TearDown() override
    {
        let_go();
        call_.reset();
        left_.reset();
        right_.reset();
    }

    /// Sends all of it in pieces, waiting for `writable` where it must.
    static std::size_t send_all(Path path, Ear& own_ear, ByteView bytes, std::size_t piece)
    {
        std::size_t sent = 0;
        while (sent < bytes.size()) {
            int writable_before = 0;
            {
                const std::lock_guard lock(own_ear.mutex_);
                writable_before = own_ear.writable_;
            }
            const ByteView next = bytes.subspan(sent, std::min(piece, bytes.size() - sent));
            const Status status = path.send(next);
            if (status == JF_OK)
                sent += next.size();
            else if (status != JF_WOULD_BLOCK ||
                     !own_ear.wait([&](const Ear& ear) { return ear.writable_ > writable_before || ear.closed_ > 0; }))
                break;
        }
        return sent;
    }

    /// That ear stays in its first call until it is let go.
    void hold_up(Ear& ear)
    {
        held_ = true;
        ear.answer_ = [this](const jf_packet&) { held_.wait(true); };
    }
    void let_go()
    {
        held_ = false;
        held_.notify_all();
    }

    FakeHost host_;
    std::atomic<bool> held_ = false;
    std::unique_ptr<Instance> left_;
    std::unique_ptr<Instance> right_;
    std::unique_ptr<Call> call_;
    Ear at_a_;
    Ear at_b_;
};

TEST_P(Streams, CarriesSendsOfEverySizeInOrder)
{
    call_->a.path().open(at_a_);
    call_->b.path().open(at_b_);
    Bytes all;
    for (const std::size_t size : {1UL, 2UL, 1200UL, 4096UL, 63487UL, 63488UL, 63489UL, 65535UL, 65536UL, 3UL}) {
        const Bytes bytes = pattern(size, static_cast<unsigned>(size));
        ASSERT_EQ(send_all(call_->a.path(), at_a_, bytes, size), size);
        all.insert(all.end(), bytes.begin(), bytes.end());
    }
    ASSERT_TRUE(at_b_.wait_for_bytes(all.size())) << at_b_.bytes_;
    EXPECT_EQ(at_b_.stream_, all);
    EXPECT_EQ(call_->a.path().send(Bytes{}), JF_OK);
    EXPECT_EQ(call_->a.path().send(pattern(65537)), JF_BAD_INPUT);
    for (const auto& packet : at_b_.packets_)
        EXPECT_FALSE(packet.empty());
}

TEST_P(Streams, TakesAllPartsOfASendOrNone)
{
    call_->b.path().open(at_b_);
    const Bytes whole = pattern(60000);
    std::vector<jf_bytes> parts;
    for (std::size_t at = 0; at < whole.size(); at += 100)
        parts.push_back({whole.data() + at, 100});
    ASSERT_EQ(call_->a.path().send(parts), JF_OK);
    ASSERT_TRUE(at_b_.wait_for_bytes(whole.size()));
    EXPECT_EQ(at_b_.stream_, whole);
}

TEST_P(Streams, PushesBackWhileThePeerDoesNotReadAndLosesNothing)
{
    hold_up(at_b_);
    call_->a.path().open(at_a_);
    call_->b.path().open(at_b_);

    const Bytes piece = pattern(JF_STREAM_SEND_MAX);
    std::size_t accepted = 0;
    Status status = JF_OK;
    // Bounded by the buffers of the system: some megabytes. While nobody reads, it must end.
    for (int i = 0; i < 2000 && status == JF_OK; ++i) {
        status = call_->a.path().send(piece);
        if (status == JF_OK)
            accepted += piece.size();
        else if (i < 1900 && at_a_.wait([](const Ear& ear) { return ear.writable_ > 0; }, std::chrono::seconds(1))) {
            const std::lock_guard lock(at_a_.mutex_);
            at_a_.writable_ = 0;
            status = JF_OK; // the socket took more
        }
    }
    EXPECT_EQ(status, JF_WOULD_BLOCK);
    EXPECT_EQ(at_a_.writable_, 0);
    EXPECT_EQ(call_->a.path().send(piece), JF_WOULD_BLOCK) << "still";

    let_go();
    ASSERT_TRUE(at_a_.wait([](const Ear& ear) { return ear.writable_ == 1; }));
    EXPECT_EQ(call_->a.path().send(piece), JF_OK);
    accepted += piece.size();
    ASSERT_TRUE(at_b_.wait_for_bytes(accepted)) << at_b_.bytes_ << " of " << accepted;
    for (std::size_t at = 0; at < accepted; at += piece.size())
        ASSERT_TRUE(std::equal(piece.begin(), piece.end(), at_b_.stream_.begin() + static_cast<std::ptrdiff_t>(at)));
    EXPECT_EQ(at_b_.bytes_, accepted);
}

TEST_P(Streams, SeveralThreadsMaySendAtOnceAndNoSendIsTorn)
{
    call_->a.path().open(at_a_);
    call_->b.path().open(at_b_);
    constexpr std::size_t kRecord = 777;
    constexpr int kThreads = 4;
    constexpr int kRecords = 500;
    {
        std::vector<std::jthread> threads;
        for (int thread = 0; thread < kThreads; ++thread) {
            threads.emplace_back([&, thread] {
                const Bytes record(kRecord, static_cast<std::uint8_t>(thread + 1));
                for (int i = 0; i < kRecords; ++i) {
                    while (call_->a.path().send(record) == JF_WOULD_BLOCK)
                        std::this_thread::yield(); // writable is one event for all; this loop is the test's own
                }
            });
        }
    }
    ASSERT_TRUE(at_b_.wait_for_bytes(kRecord * kThreads * kRecords));
    std::map<int, int> seen;
    for (std::size_t at = 0; at < at_b_.stream_.size(); at += kRecord) {
        const std::uint8_t first = at_b_.stream_[at];
        ++seen[first];
        for (std::size_t i = 0; i < kRecord; ++i)
            ASSERT_EQ(at_b_.stream_[at + i], first) << "at " << at + i;
    }
    for (int thread = 0; thread < kThreads; ++thread)
        EXPECT_EQ(seen[thread + 1], kRecords);
}

TEST_P(Streams, AReceiverMayAnswerFromInsideItsCall)
{
    at_b_.answer_ = [&](const jf_packet& packet) { call_->b.path().send(view(packet.bytes)); };
    call_->a.path().open(at_a_);
    call_->b.path().open(at_b_);
    const Bytes bytes = pattern(200000);
    ASSERT_EQ(send_all(call_->a.path(), at_a_, bytes, 5000), bytes.size());
    ASSERT_TRUE(at_a_.wait_for_bytes(bytes.size()));
    EXPECT_EQ(at_a_.stream_, bytes);
}

TEST_P(Streams, EndsInOrderForTheOtherSideWhenItIsReleased)
{
    call_->a.path().open(at_a_);
    call_->b.path().open(at_b_);
    ASSERT_EQ(call_->a.path().send(pattern(10)), JF_OK);
    call_->a.release();
    ASSERT_TRUE(at_b_.wait([](const Ear& ear) { return ear.closed_ == 1; }));
    EXPECT_EQ(at_b_.status_, JF_CLOSED);
    EXPECT_EQ(at_b_.bytes_, 10U) << "what was sent before comes before the end";
    ASSERT_TRUE(host_.run_until([&] { return call_->b.failed_ == 1; }));
    EXPECT_EQ(call_->b.status_, JF_CLOSED);
    EXPECT_EQ(call_->b.path().send(pattern(1)), JF_CLOSED);
    EXPECT_EQ(at_a_.closed_, 0) << "who releases is not called";
}

TEST_P(Streams, EndsForTheControllingSideToo)
{
    call_->a.path().open(at_a_);
    call_->b.release();
    ASSERT_TRUE(at_a_.wait([](const Ear& ear) { return ear.closed_ == 1; }));
    EXPECT_EQ(at_a_.status_, JF_CLOSED);
    ASSERT_TRUE(host_.run_until([&] { return call_->a.failed_ == 1; }));
}

TEST_P(Streams, EndsForTheOtherSideWhenItsOnlyPathIsClosed)
{
    call_->a.path().open(at_a_);
    call_->b.path().open(at_b_);
    ASSERT_EQ(call_->a.path().send(pattern(100000 / 2)), JF_OK);
    call_->a.path().close();
    call_->a.path().close();
    EXPECT_EQ(call_->a.path().send(pattern(1)), JF_CLOSED);
    ASSERT_TRUE(at_b_.wait([](const Ear& ear) { return ear.closed_ == 1; }));
    EXPECT_EQ(at_b_.bytes_, 50000U);
    EXPECT_EQ(call_->a.failed_, 0);
}

TEST_P(Streams, WhatWasTakenBeforeTheReleaseStillArrives)
{
    hold_up(at_b_);
    call_->a.path().open(at_a_);
    call_->b.path().open(at_b_);
    // Until both the sockets and the queue are full.
    const Bytes piece = pattern(JF_STREAM_SEND_MAX);
    std::size_t accepted = 0;
    for (;;) {
        const Status status = call_->a.path().send(piece);
        if (status == JF_OK)
            accepted += piece.size();
        else if (!at_a_.wait([](const Ear& ear) { return ear.writable_ > 0; }, std::chrono::milliseconds(300)))
            break;
        const std::lock_guard lock(at_a_.mutex_);
        at_a_.writable_ = 0;
    }
    call_->a.release();
    let_go();
    ASSERT_TRUE(at_b_.wait([](const Ear& ear) { return ear.closed_ == 1; }));
    EXPECT_EQ(at_b_.bytes_, accepted);
}

TEST_P(Streams, AReleaseWaitsForNobodyAndItsInstanceOnlyTwoSeconds)
{
    hold_up(at_b_);
    call_->a.path().open(at_a_);
    call_->b.path().open(at_b_);
    const Bytes piece = pattern(JF_STREAM_SEND_MAX);
    while (call_->a.path().send(piece) == JF_OK ||
           at_a_.wait([](const Ear& ear) { return ear.writable_ > 0; }, std::chrono::milliseconds(300))) {
        const std::lock_guard lock(at_a_.mutex_);
        at_a_.writable_ = 0;
    }
    const auto start = std::chrono::steady_clock::now();
    call_->a.release();
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(500));
    left_.reset();
    const auto took = std::chrono::steady_clock::now() - start;
    EXPECT_GT(took, std::chrono::milliseconds(1500)) << "it tried";
    EXPECT_LT(took, std::chrono::seconds(10)) << "and gave up";
    let_go();
}

TEST_P(Streams, CannotRestartOnceItIsInUse)
{
    try {
        call_->a.restart();
        FAIL() << "restarted";
    } catch (const Failure& failure) {
        EXPECT_EQ(failure.status(), JF_UNSUPPORTED);
    }
    call_->b.path().open(at_b_);
    EXPECT_EQ(call_->a.path().send(pattern(5)), JF_OK) << "and nothing has happened to it";
    EXPECT_TRUE(at_b_.wait_for_bytes(5));
}

JF_INSTANTIATE_EVERY_PLUGIN(Streams);

class StreamStart : public EveryPlugin {};

// Both ends send as fast as they can while checks on the losing connection may still be under way.
TEST_P(StreamStart, IsIntactFromItsFirstByteInBothDirections)
{
    for (int round = 0; round < 30; ++round) {
        FakeHost host;
        const auto left = make(host);
        const auto right = make(host);
        Ear at_a;
        Ear at_b;
        Call call(*left, *right, JF_STREAM);
        call.exchange();
        const Bytes bytes = pattern(JF_STREAM_SEND_MAX, static_cast<unsigned>(round));
        bool a_sent = false;
        bool b_sent = false;
        const auto begin = [&](IceSession& session, Ear& ear, bool& sent) {
            if (session.ready() == 1 && !std::exchange(sent, true)) {
                session.path().open(ear);
                for (int i = 0; i < 3; ++i)
                    EXPECT_EQ(session.path().send(bytes), JF_OK);
            }
        };
        ASSERT_TRUE(host.run_until([&] {
            begin(call.a, at_a, a_sent);
            begin(call.b, at_b, b_sent);
            return a_sent && b_sent;
        })) << call.a.text_;
        ASSERT_TRUE(at_a.wait_for_bytes(3 * bytes.size()));
        ASSERT_TRUE(at_b.wait_for_bytes(3 * bytes.size()));
        for (const auto* ear : {&at_a, &at_b}) {
            for (std::size_t i = 0; i < ear->stream_.size(); ++i)
                ASSERT_EQ(ear->stream_[i], bytes[i % bytes.size()]) << "round " << round << ", byte " << i;
        }
        call.a.path().close();
        call.b.path().close();
    }
}

JF_INSTANTIATE_EVERY_PLUGIN(StreamStart);

} // namespace
} // namespace jackfield::connectivity_test
