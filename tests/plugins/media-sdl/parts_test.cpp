// Where pictures stand, and which of those that wait is shown.
//
// Threads: the test's.

#include "tests/plugins/sink_under_test.hpp"

#include "picture_queue.hpp"
#include "placing.hpp"

namespace media_sdl::testing {
namespace {

using sink_test::kBegin;
using sink_test::kMs;

TEST(Placing, KeepsTheAspectInTheMiddle)
{
    EXPECT_EQ(fitted({320, 240}, {640, 480}), (Place{0, 0, 640, 480}));
    EXPECT_EQ(fitted({320, 240}, {1000, 480}), (Place{180, 0, 640, 480}));
    EXPECT_EQ(fitted({320, 240}, {640, 1000}), (Place{0, 260, 640, 480}));
    EXPECT_EQ(fitted({8192, 1}, {100, 100}), (Place{0, 49, 100, 1}));
    EXPECT_EQ(fitted({320, 240}, {0, 0}), Place{});
}

TEST(Placing, OfATurnedPictureIsThatOfThePictureBeforeItIsTurnedAroundItsMiddle)
{
    EXPECT_EQ(turned({320, 240}, 90), (Size{240, 320}));
    EXPECT_EQ(turned({320, 240}, 180), (Size{320, 240}));
    EXPECT_EQ(before_turning({10, 20, 240, 320}, 270), (Place{-30, 60, 320, 240}));
    EXPECT_EQ(before_turning({10, 20, 320, 240}, 180), (Place{10, 20, 320, 240}));
}

TEST(Placing, MakesAWindowNoLargerThanTheRoom)
{
    EXPECT_EQ(window_for({640, 480}, {1280, 720}), (Size{640, 480}));
    EXPECT_EQ(window_for({1920, 1080}, {1280, 800}), (Size{1280, 720}));
}

jf_frame picture_at(std::int64_t ms)
{
    static const sink_test::Picture picture(64, 48);
    return picture.frame(kBegin + ms * kMs);
}

TEST(Pictures, AreShownWhenTheyAreDueAndLateOnesAreLeftOut)
{
    PictureQueue queue;
    Picture shown;
    EXPECT_FALSE(queue.next_ns());
    for (const int ms : {0, 40, 80})
        EXPECT_EQ(queue.put(picture_at(ms)), JF_OK);
    EXPECT_FALSE(queue.take(kBegin - 1, shown));
    EXPECT_EQ(queue.next_ns(), kBegin);
    EXPECT_TRUE(queue.take(kBegin + 50 * kMs, shown));
    EXPECT_EQ(shown.time_ns, kBegin + 40 * kMs);
    EXPECT_EQ(shown.planes[0].size(), 64U * 48); // without the gaps between lines
    EXPECT_EQ(shown.planes[0][63], 16);
    EXPECT_EQ(shown.planes[0][64], 200);
    EXPECT_EQ(queue.left_out(), 1U);
    EXPECT_EQ(queue.next_ns(), kBegin + 80 * kMs);
}

TEST(Pictures, DoNotWaitInALongQueue)
{
    PictureQueue queue;
    Picture shown;
    for (int i = 0; i < 20; ++i)
        EXPECT_EQ(queue.put(picture_at(i)), JF_OK);
    EXPECT_EQ(queue.left_out(), 12U);
    EXPECT_TRUE(queue.take(kBegin + 12 * kMs, shown));
    EXPECT_EQ(shown.time_ns, kBegin + 12 * kMs);
}

TEST(Pictures, ThatAreNoneAreRefused)
{
    PictureQueue queue;
    jf_frame frame = picture_at(0);
    frame.planes[2] = nullptr;
    EXPECT_EQ(queue.put(frame), JF_BAD_INPUT);
    frame = picture_at(0);
    frame.width_px = 10'000;
    EXPECT_EQ(queue.put(frame), JF_BAD_INPUT);
    frame = picture_at(0);
    frame.rotation_deg = 45;
    EXPECT_EQ(queue.put(frame), JF_BAD_INPUT);
    frame.kind = JF_AUDIO;
    EXPECT_EQ(queue.put(frame), JF_BAD_INPUT);
}

} // namespace
} // namespace media_sdl::testing
