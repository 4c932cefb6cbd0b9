// Sound is played when it says, by a card whose clock is its own. Time is counted here, not waited for.
//
// Threads: the test's is sender and card in turn.

#include "tests/plugins/tone_in.hpp"

#include <shared/sound/playout_queue.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace jackfield::sound {
namespace {

constexpr std::int64_t kMs = 1'000'000;
constexpr std::uint32_t kRate = 48'000;
constexpr std::int64_t kBegin = 1'000'000 * kMs;

/// A sender of 20 ms frames with a tone, and a card that asks for 10 ms at a time.
class Playing : public ::testing::Test {
protected:
    /// The frame of that number, to be played `late_ns` after its turn.
    jf_status send(std::int64_t number, std::int64_t late_ns = 0, double hertz = 1000)
    {
        const std::uint32_t count = rate_ / 50;
        frame_.resize(count * channels_);
        for (std::uint32_t i = 0; i < count * channels_; ++i)
            frame_[i] = static_cast<float>(0.5 * std::sin(2 * std::numbers::pi * hertz *
                                                          static_cast<double>(number * count + i / channels_) / rate_));
        jf_frame frame{};
        frame.struct_size = sizeof(frame);
        frame.kind = JF_AUDIO;
        frame.time_ns = kBegin + number * 20 * kMs + late_ns;
        frame.samples = frame_.data();
        frame.sample_rate_hz = rate_;
        frame.channels = channels_;
        frame.samples_per_channel = count;
        return queue_.write(frame);
    }

    /// 10 ms that are heard from then on; kept.
    void hear(std::int64_t at_ns)
    {
        std::vector<float> block(480);
        queue_.read(block, at_ns);
        heard_.insert(heard_.end(), block.begin(), block.end());
    }

    /// Both run for so many seconds of the sender's time. The card runs fast by so many millionths, plays what it gets
    /// `delay_ns` later, and readings of that jump.
    void run(double seconds, double card_ppm, std::int64_t delay_ns = 10 * kMs, std::int64_t ahead_ns = 30 * kMs,
             std::int64_t late_ns = 0)
    {
        const auto end = static_cast<std::int64_t>(seconds * 50) + number_;
        while (number_ < end) {
            const auto card_now =
                static_cast<std::int64_t>(static_cast<double>(blocks_ * 10 * kMs) / (1 + card_ppm / 1e6));
            const std::int64_t sender_now = number_ * 20 * kMs - ahead_ns;
            if (card_now >= sender_now) {
                EXPECT_EQ(send(number_++, late_ns), JF_OK);
                continue;
            }
            const std::int64_t jump = (blocks_ * 7919 % 5 - 2) * kMs / 2;
            hear(kBegin + card_now + delay_ns + jump);
            ++blocks_;
        }
    }

    std::size_t first_sound() const
    {
        return static_cast<std::size_t>(std::ranges::find_if(heard_, [](float sample) { return sample != 0; }) -
                                        heard_.begin());
    }
    std::span<const float> last_second() const { return std::span(heard_).last(kRate); }

    /// So short that it is one pitch, though it is stretched a little.
    std::span<const float> last_moment() const { return std::span(heard_).last(kRate / 10); }

    PlayoutQueue queue_{kRate, 1, 0};
    std::uint32_t rate_ = kRate;
    std::uint32_t channels_ = 1;
    std::vector<float> frame_;
    std::vector<float> heard_;
    std::int64_t number_ = 0;
    std::int64_t blocks_ = -10; // the card has been on for a while
};

TEST_F(Playing, BeginsAtTheSampleThatIsDue)
{
    send(0);
    hear(kBegin - 5 * kMs);
    hear(kBegin + 5 * kMs);
    EXPECT_NEAR(static_cast<double>(first_sound()), 240, 2); // the first sample of a sine is 0
    EXPECT_EQ(queue_.counts().lead_ns, 0);
}

TEST_F(Playing, IsSilentWithoutSoundAndWhereItEnds)
{
    hear(kBegin);
    EXPECT_EQ(first_sound(), 480U);
    send(0);
    for (int i = 0; i < 4; ++i)
        hear(kBegin + i * 10 * kMs);
    EXPECT_GT(sound_test::loudness(std::span(heard_).subspan(480, 900)), 0.3);
    EXPECT_LT(sound_test::loudness(std::span(heard_).last(480)), 0.01);
    EXPECT_EQ(queue_.counts().ran_dry, 1U);
}

TEST_F(Playing, FollowsACardThatRunsFastWithoutACut)
{
    run(40, +200);
    EXPECT_EQ(queue_.counts().ran_dry + queue_.counts().put_right, 0U) << queue_.in_words();
    EXPECT_NEAR(queue_.counts().stretch_ppm, 200, 120); // readings jump
    EXPECT_GT(sound_test::share_of_tone(last_second(), 1000 / 1.0002, kRate), 0.995);
}

TEST_F(Playing, FollowsACardThatRunsSlowWithoutACut)
{
    run(40, -200);
    EXPECT_EQ(queue_.counts().ran_dry + queue_.counts().put_right, 0U) << queue_.in_words();
    EXPECT_NEAR(queue_.counts().stretch_ppm, -200, 120);
    EXPECT_GT(sound_test::share_of_tone(last_second(), 1000 / 0.9998, kRate), 0.995);
}

TEST_F(Playing, GivesACardThatTakesLongTheTimeItNeedsOnce)
{
    run(5, 0, /*delay=*/90 * kMs);
    EXPECT_GE(queue_.counts().lead_ns, 40 * kMs);
    EXPECT_LE(queue_.counts().lead_ns, 110 * kMs);
    const auto dry = queue_.counts().ran_dry;
    EXPECT_LE(dry, 3U);
    run(5, 0, 90 * kMs);
    EXPECT_EQ(queue_.counts().ran_dry, dry) << queue_.in_words();
    EXPECT_GT(sound_test::share_of_tone(last_moment(), 1000, kRate), 0.999);
}

TEST_F(Playing, FillsALeapOfTheSendersDelayWithSilence)
{
    run(2, 0);
    const auto before = heard_.size();
    run(2, 0, 10 * kMs, 30 * kMs, /*late=*/100 * kMs);
    EXPECT_EQ(queue_.counts().put_right, 1U) << queue_.in_words();
    EXPECT_EQ(queue_.counts().lead_ns, 0);
    const auto gap = std::ranges::count(std::span(heard_).subspan(before), 0.0F);
    EXPECT_NEAR(static_cast<double>(gap), 4800, 300);
}

TEST_F(Playing, FillsASmallLeapAtOnceToo)
{
    run(2, 0);
    run(2, 0, 10 * kMs, 30 * kMs, /*late=*/30 * kMs); // nearer than what is put right without a leap
    EXPECT_EQ(queue_.counts().put_right, 1U) << queue_.in_words();
}

TEST_F(Playing, IsNotStretchedByWhatConvertersHold)
{
    for (const std::uint32_t rate : {48'000U, 8'000U}) {
        rate_ = rate;
        queue_.clear();
        EXPECT_EQ(send(number_++), JF_OK);
        for (int i = 0; i < 200; ++i) { // a card without jumps
            EXPECT_EQ(send(number_++), JF_OK);
            for (const int half : {0, 1})
                hear(kBegin + (number_ - 2) * 20 * kMs + half * 10 * kMs);
        }
        EXPECT_LE(std::abs(queue_.counts().stretch_ppm), 40) << rate << ": " << queue_.in_words();
    }
}

TEST_F(Playing, LeavesSoundOutWhenTheSendersDelayShrinks)
{
    run(2, 0, 10 * kMs, 130 * kMs, /*late=*/100 * kMs);
    run(2, 0, 10 * kMs, 130 * kMs, /*late=*/0);
    EXPECT_GE(queue_.counts().put_right, 1U) << queue_.in_words();
    EXPECT_LE(queue_.counts().put_right, 2U);
    EXPECT_EQ(queue_.counts().ran_dry, 0U);
}

TEST_F(Playing, DropsWhatIsPastByMoreThanACardTakes)
{
    send(0);
    hear(kBegin + 1000 * kMs);
    EXPECT_EQ(first_sound(), 480U);
    send(51);
    hear(kBegin + 1020 * kMs);
    EXPECT_LT(first_sound(), 484U);
}

TEST_F(Playing, TakesNoMoreThanASecondAndForgetsItWithTheCard)
{
    int taken = 0;
    while (send(taken) == JF_OK && taken < 100)
        ++taken;
    EXPECT_GE(taken, 50);
    EXPECT_LE(taken, 63);
    EXPECT_EQ(send(taken), JF_WOULD_BLOCK);
    queue_.clear();
    EXPECT_EQ(send(0), JF_OK);
}

TEST_F(Playing, MakesOtherRatesAndChannelsItsOwn)
{
    for (const std::uint32_t rate : {8'000U, 16'000U, 44'100U}) {
        rate_ = rate;
        channels_ = 2;
        run(2, 0);
        EXPECT_GT(sound_test::share_of_tone(last_moment(), 1000, kRate), 0.98) << rate;
        EXPECT_NEAR(sound_test::loudness(last_moment()), 0.3536, 0.01) << rate;
    }
}

TEST_F(Playing, RefusesWhatIsNoSound)
{
    jf_frame frame{};
    frame.struct_size = sizeof(frame);
    EXPECT_EQ(queue_.write(frame), JF_BAD_INPUT);
    frame.kind = JF_AUDIO;
    EXPECT_EQ(queue_.write(frame), JF_BAD_INPUT); // no samples
    const float sample = 0;
    frame.samples = &sample;
    frame.channels = 1;
    frame.sample_rate_hz = 48'000;
    frame.samples_per_channel = 48'000; // a second
    EXPECT_EQ(queue_.write(frame), JF_BAD_INPUT);
    frame.samples_per_channel = 1;
    frame.sample_rate_hz = 999;
    EXPECT_EQ(queue_.write(frame), JF_BAD_INPUT);
}

} // namespace
} // namespace jackfield::sound
