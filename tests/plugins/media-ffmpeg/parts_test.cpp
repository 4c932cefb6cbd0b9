// The parts that need no file: clocks, the queue of a recording, work with a limit of time, sizes.
//
// Threads: the test's, and those of the workers under test.

#include "conversion.hpp"
#include "frame_queue.hpp"
#include "media_time.hpp"
#include "worker.hpp"

#include <gtest/gtest.h>

#include <future>

namespace media_ffmpeg::testing {

namespace {

constexpr std::int64_t kMs = 1'000'000;

/// What becomes of these times, in milliseconds, of frames that last 20 each. -1: no time.
std::vector<std::int64_t> placed(bool sound, const std::vector<std::int64_t>& stamps_ms)
{
    MediaTime time(sound);
    std::vector<std::int64_t> out;
    for (const auto stamp : stamps_ms)
        out.push_back(time.next(stamp == -1 ? std::nullopt : std::optional(stamp * kMs), 20 * kMs) / kMs);
    return out;
}

using Times = std::vector<std::int64_t>;

} // namespace

TEST(MediaTime, FramesWithoutATimeFollowTheOneBefore)
{
    EXPECT_EQ(placed(false, {-1, -1, -1}), (Times{0, 20, 40}));
    EXPECT_EQ(placed(true, {40, -1, 80}), (Times{40, 60, 80}));
}

TEST(MediaTime, SoundRunsThroughRoundingsAndStopsAtGaps)
{
    EXPECT_EQ(placed(true, {0, 21, 39, 61, 180, 200}), (Times{0, 20, 40, 60, 180, 200}));
    EXPECT_EQ(placed(true, {0, 20, 30, 40}), (Times{0, 20, 40, 60}));
}

TEST(MediaTime, PicturesKeepTheirTimesAndNeverGoBack)
{
    EXPECT_EQ(placed(false, {0, 21, 39, 500}), (Times{0, 21, 39, 500}));
    EXPECT_EQ(placed(false, {0, 40, 20, 80}), (Times{0, 40, 41, 80}));
}

TEST(MediaTime, ALeapIsNotWaitedFor)
{
    constexpr std::int64_t kWrap = std::int64_t{26} * 3600 * 1000;
    EXPECT_EQ(placed(false, {0, 20, kWrap, kWrap + 20}), (Times{0, 20, 40, 60}));
    EXPECT_EQ(placed(false, {50'000, 50'020, 0, 20}), (Times{50'000, 50'020, 50'040, 50'060}));
    EXPECT_EQ(placed(true, {0, 20, kWrap, 40, 60}), (Times{0, 20, 40, 60, 80}));
    EXPECT_EQ(placed(false, {-100, kWrap})[0], 0);
    EXPECT_EQ(placed(false, {0, 59'000}), (Times{0, 59'000}));
}

TEST(RateLimit, KeepsNoMoreThanAskedForWhateverTheRate)
{
    RateLimit limit(10'000);
    int kept = 0;
    for (std::int64_t at = 0; at < 1000; at += 33)
        kept += limit.keep(at * kMs) ? 1 : 0;
    EXPECT_EQ(kept, 10);
    RateLimit same(25'000);
    for (std::int64_t at = 0; at < 1000; at += 40)
        EXPECT_TRUE(same.keep(at * kMs + (at % 3) * 300'000));
    RateLimit none(0);
    EXPECT_TRUE(none.keep(5) && none.keep(5));
}

TEST(ShownSize, KeepsTheAspectAndTheLimits)
{
    const auto size = [](int width, int height, AVRational aspect, int turn, std::uint32_t most = 0) {
        jf_source_format format{};
        format.max_width_px = format.max_height_px = most;
        const auto shown = shown_size({width, height}, aspect, turn, format);
        return std::pair(shown.width, shown.height);
    };
    EXPECT_EQ(size(1920, 1080, {1, 1}, 0), std::pair(1920, 1080));
    EXPECT_EQ(size(1920, 1080, {0, 1}, 90), std::pair(1080, 1920));
    EXPECT_EQ(size(720, 576, {16, 11}, 0), std::pair(1048, 576));
    EXPECT_EQ(size(1920, 1080, {1, 1}, 0, 640), std::pair(640, 360));
    EXPECT_EQ(size(8192, 4096, {1, 1}, 0), std::pair(4096, 2048));
    EXPECT_EQ(size(1, 1, {1, 1}, 0), std::pair(16, 16));
    EXPECT_EQ(size(101, 100, {1, 1}, 0, 101), std::pair(100, 100));
    EXPECT_EQ(size(64, 64, {1, 1000}, 0), std::pair(64, 64));
}

TEST(RunWithin, AnswersWhatTheWorkAnswers)
{
    LeavingThreads leaving;
    EXPECT_EQ(run_within(std::chrono::seconds(20), leaving, "too slow", [](const StopFlag&) { return 7; }), 7);
    EXPECT_THROW(run_within(std::chrono::seconds(20), leaving, "too slow",
                            [](const StopFlag&) -> int { throw jackfield::Failure(JF_NOT_FOUND, "no"); }),
                 jackfield::Failure);
    EXPECT_EQ(leaving.count(), 0U);
}

TEST(RunWithin, DoesNotWaitForADiskThatHangs)
{
    std::promise<void> disk;
    std::promise<bool> stopped;
    {
        LeavingThreads leaving;
        try {
            run_within(std::chrono::milliseconds(1), leaving, "too slow", [&](const StopFlag& stop) {
                disk.get_future().wait();
                stopped.set_value(*stop);
                return 7;
            });
            FAIL() << "it waited";
        } catch (const jackfield::Failure& failure) {
            EXPECT_EQ(failure.status(), JF_TIMEOUT);
            EXPECT_STREQ(failure.what(), "too slow");
        }
        EXPECT_EQ(leaving.count(), 1U);
        disk.set_value();
    } // joins it
    EXPECT_TRUE(stopped.get_future().get());
}

namespace {

jf_frame sound_frame(const std::vector<float>& samples)
{
    jf_frame frame{};
    frame.struct_size = sizeof(frame);
    frame.kind = JF_AUDIO;
    frame.samples = samples.data();
    frame.sample_rate_hz = 48'000;
    frame.channels = 1;
    frame.samples_per_channel = static_cast<std::uint32_t>(samples.size());
    return frame;
}

jf_frame picture_frame(const std::vector<std::uint8_t>& bytes, std::uint32_t width, std::uint32_t height)
{
    jf_frame frame{};
    frame.struct_size = sizeof(frame);
    frame.kind = JF_VIDEO;
    frame.width_px = width;
    frame.height_px = height;
    for (auto& plane : frame.planes)
        plane = bytes.data();
    frame.strides_bytes[0] = width;
    frame.strides_bytes[1] = frame.strides_bytes[2] = (width + 1) / 2;
    return frame;
}

} // namespace

TEST(FrameQueue, DropsAndCountsWhatFindsNoRoom)
{
    FrameQueue queue({true, true});
    const std::vector<float> samples(960);
    for (std::size_t i = 0; i < FrameQueue::kAudioSlots; ++i)
        ASSERT_EQ(queue.put(sound_frame(samples), Side::peer), JF_OK);
    EXPECT_EQ(queue.put(sound_frame(samples), Side::peer), JF_WOULD_BLOCK);
    const std::vector<std::uint8_t> bytes(64 * 48);
    EXPECT_EQ(queue.put(picture_frame(bytes, 64, 48), Side::peer), JF_OK); // the other kind has room of its own
    EXPECT_EQ(queue.dropped().sound, 1U);
    EXPECT_EQ(queue.dropped().pictures, 0U);
    queue.give_back(queue.take());
    EXPECT_EQ(queue.put(sound_frame(samples), Side::peer), JF_OK);
    queue.close();
    EXPECT_EQ(queue.put(sound_frame(samples), Side::peer), JF_CLOSED);
    std::size_t left = 0;
    while (auto* slot = queue.take()) {
        queue.give_back(slot);
        ++left;
    }
    EXPECT_EQ(left, FrameQueue::kAudioSlots + 1);
}

TEST(FrameQueue, HoldsNoMoreMemoryThanItsLimitAndUsesItAgainForOtherSizes)
{
    FrameQueue queue({false, true});
    const std::vector<std::uint8_t> bytes(std::size_t{3840} * 2160);
    const auto fill = [&](std::uint32_t width, std::uint32_t height) {
        std::size_t count = 0;
        while (queue.put(picture_frame(bytes, width, height), Side::peer) == JF_OK)
            ++count;
        for (std::size_t i = 0; i < count; ++i)
            queue.give_back(queue.take());
        return count;
    };
    EXPECT_EQ(fill(1280, 720), FrameQueue::kVideoSlots);
    EXPECT_EQ(fill(3840, 2160), FrameQueue::kMostVideoBytes / (3840U * 2160U * 3 / 2));
    EXPECT_EQ(fill(1280, 720), FrameQueue::kVideoSlots);
}

TEST(FrameQueue, TakesNoFrameThatCannotBeOne)
{
    FrameQueue queue({true, false});
    const std::vector<float> samples(960);
    const std::vector<std::uint8_t> bytes(64 * 48);
    EXPECT_EQ(queue.put(picture_frame(bytes, 64, 48), Side::peer), JF_BAD_INPUT); // none were to come
    auto frame = sound_frame(samples);
    frame.channels = 0;
    EXPECT_EQ(queue.put(frame, Side::peer), JF_BAD_INPUT);
    frame = sound_frame(samples);
    frame.samples = nullptr;
    EXPECT_EQ(queue.put(frame, Side::peer), JF_BAD_INPUT);
    frame = sound_frame(samples);
    frame.kind = 3;
    EXPECT_EQ(queue.put(frame, Side::peer), JF_BAD_INPUT);
    FrameQueue pictures({false, true});
    auto picture = picture_frame(bytes, 64, 48);
    picture.planes[2] = nullptr;
    EXPECT_EQ(pictures.put(picture, Side::peer), JF_BAD_INPUT);
}

} // namespace media_ffmpeg::testing
