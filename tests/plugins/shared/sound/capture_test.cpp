// Sound from a card: even times, frames of one length, silence where there is nothing.
//
// Threads: the test's is the card's; frames come on the framer's.

#include <jackfield/testing/fake_host.hpp>
#include <shared/sound/capture_framer.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <mutex>

namespace jackfield::sound {
namespace {

constexpr std::int64_t kMilliNs = 1'000'000;

TEST(CaptureClock, RunsEvenlyThoughReadingsJump)
{
    CaptureClock clock;
    std::int64_t before = clock.next(1'000 * kMilliNs, 10 * kMilliNs);
    for (int i = 1; i < 1000; ++i) {
        const std::int64_t jump = (i * 7919 % 9 - 4) * kMilliNs;
        const std::int64_t now = clock.next((1'000 + i * 10) * kMilliNs + jump, 10 * kMilliNs);
        ASSERT_LE(std::abs(now - before - 10 * kMilliNs), 2'000) << i;
        ASSERT_LE(std::abs(now - (1'000 + i * 10) * kMilliNs), 5 * kMilliNs) << i;
        before = now;
    }
}

TEST(CaptureClock, FollowsTheCard)
{
    CaptureClock clock;
    std::int64_t now = 0;
    for (int i = 0; i < 6000; ++i) // a minute of a card that is slow by 100 ppm
        now = clock.next(1'000 * kMilliNs + i * 10'001'000LL, 10 * kMilliNs);
    EXPECT_LE(std::abs(now - (1'000 * kMilliNs + 5999 * 10'001'000LL)), kMilliNs);
}

TEST(CaptureClock, BeginsAnewAfterALeap)
{
    CaptureClock clock;
    clock.next(1'000 * kMilliNs, 10 * kMilliNs);
    EXPECT_EQ(clock.next(2'000 * kMilliNs, 10 * kMilliNs), 2'000 * kMilliNs);
    EXPECT_EQ(clock.next(10 * kMilliNs), 2'010 * kMilliNs);
}

/// Frames as they come.
class Framing : public ::testing::Test {
protected:
    static void take(void* self, const jf_frame* frame)
    {
        auto& test = *static_cast<Framing*>(self);
        const std::lock_guard lock(test.mutex_);
        test.frames_.push_back(*frame);
        test.first_samples_.push_back(frame->samples[0]);
    }
    static constexpr jf_source_listener_methods kEar{sizeof(jf_source_listener_methods), 0, &Framing::take,
                                                     [](void*, std::uint32_t, jf_status, const jf_error*) {}};

    bool wait_for(std::size_t count)
    {
        return host_.run_until([&] {
            const std::lock_guard lock(mutex_);
            return frames_.size() >= count;
        });
    }

    testing::FakeHost host_;
    std::mutex mutex_;
    std::vector<jf_frame> frames_;
    std::vector<float> first_samples_;
    CaptureFramer framer_{
        host_.host(), SourceListener({&kEar, this}), {sizeof(jf_source_format), JF_AUDIO, 16'000, 2, 10, 0, 0, 0}};
};

TEST_F(Framing, CutsWhatComesIntoFramesOfTheAskedLength)
{
    std::vector<float> piece(2 * 100); // 6.25 ms
    for (int i = 0; i < 16; ++i) {
        std::ranges::fill(piece, static_cast<float>(i) / 16);
        framer_.push(piece, host_.host().now_ns());
    }
    ASSERT_TRUE(wait_for(10));
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < 10; ++i) {
        EXPECT_EQ(frames_[i].samples_per_channel, 160U);
        EXPECT_EQ(frames_[i].channels, 2U);
        EXPECT_EQ(frames_[i].sample_rate_hz, 16'000U);
        EXPECT_EQ(first_samples_[i], static_cast<float>(i * 160 / 100) / 16);
    }
}

TEST_F(Framing, IsSilentWhileNothingComesSoThatTheClockGoesOn)
{
    ASSERT_TRUE(wait_for(5));
    const std::lock_guard lock(mutex_);
    EXPECT_EQ(first_samples_[0], 0.0F);
    EXPECT_EQ(frames_[4].time_ns - frames_[0].time_ns, 40 * kMilliNs);
    EXPECT_GE(framer_.silent_frames(), 5U);
}

TEST_F(Framing, SaysWhatItLost)
{
    const std::vector<float> second(2 * 16'000, 0.5F);
    framer_.push(second, host_.host().now_ns());
    framer_.push(second, host_.host().now_ns());
    EXPECT_GE(framer_.lost(), 8'000U);
    ASSERT_TRUE(host_.run_until([&] { return framer_.silent_frames() > 0; })); // all that was left has come
    const std::lock_guard lock(mutex_);
    EXPECT_LE(std::ranges::count(first_samples_, 0.5F), 150); // of 200
}

TEST(Framer, RefusesAFormThatNoMicrophoneHas)
{
    const testing::FakeHost host;
    const auto make = [&](std::uint32_t rate, std::uint32_t channels, std::uint32_t ms) {
        const CaptureFramer framer(host.host(), SourceListener({nullptr, nullptr}),
                                   {sizeof(jf_source_format), JF_AUDIO, rate, channels, ms, 0, 0, 0});
    };
    EXPECT_THROW(make(1'000, 1, 20), Failure);
    EXPECT_THROW(make(48'000, 9, 20), Failure);
    EXPECT_THROW(make(48'000, 1, 500), Failure);
}

} // namespace
} // namespace jackfield::sound
