// The test source through its C entry: what comes, in which form, and when.
//
// Threads: the test's is control. Lifetime: one plugin instance per test.

#include "tests/plugins/source_under_test.hpp"

#include <condition_variable>

namespace media_test::testing {

namespace {

using namespace source_test;
using std::chrono::milliseconds;

class MediaTestSource : public ::testing::Test {
protected:
    SourcePlugin plugin_{"media-test"};
};

} // namespace

TEST_F(MediaTestSource, AcceptsItsOneNameAndOpensNoOther)
{
    const auto accepts = [&](std::string_view name) {
        return plugin_.methods()->accepts(plugin_.self(), jackfield::to_text(name));
    };
    EXPECT_EQ(accepts("test"), 1);
    for (const char* name : {"", "./test", "test:", "tests", "film.mp4"})
        EXPECT_EQ(accepts(name), 0) << name;
    EXPECT_EQ(failure_of([&] { const Source source(plugin_, "film.mp4"); }).status(), JF_NOT_FOUND);
    EXPECT_EQ(failure_of([&] { const Source source(plugin_, "test", "[]"); }).status(), JF_BAD_INPUT);
    EXPECT_EQ(failure_of([&] { const Source source(plugin_, "test", R"({"realtime": 1})"); }).status(), JF_BAD_INPUT);
}

TEST_F(MediaTestSource, IsWhatItsOptionsSay)
{
    SourcePlugin plugin("media-test", R"({"width_px": 320, "height_px": 180, "frame_rate": 10, "tone_hz": 700})");
    Source source(plugin, "test");
    const auto info = source.info();
    EXPECT_EQ(info.has_audio, 1U);
    EXPECT_EQ(info.has_video, 1U);
    EXPECT_EQ(info.sample_rate_hz, 48'000U);
    EXPECT_EQ(info.channels, 1U);
    EXPECT_EQ(info.width_px, 320U);
    EXPECT_EQ(info.height_px, 180U);
    EXPECT_EQ(info.frame_rate_millihertz, 10'000U);
    EXPECT_EQ(info.duration_ns, 0);
    source.most = 25;
    source.start_sound(0, 0, 0);
    source.start_pictures();
    ASSERT_TRUE(source.wait_for(JF_VIDEO, 25));
    ASSERT_TRUE(source.wait_for(JF_AUDIO, 25));
    const auto start = source.sound()[0].frame.time_ns;
    for (std::size_t i = 0; i < 25; ++i) {
        EXPECT_EQ(times_ms(source.pictures(), start)[i], 100 * static_cast<std::int64_t>(i));
        EXPECT_EQ(times_ms(source.sound(), start)[i], 20 * static_cast<std::int64_t>(i));
    }
    EXPECT_EQ(source.sound()[7].frame.samples_per_channel, 960U);
    EXPECT_EQ(source.pictures()[7].frame.width_px, 320U);
    EXPECT_NE(source.pictures()[0].luma, source.pictures()[1].luma);
}

TEST_F(MediaTestSource, ComesInTheFormThatIsAskedFor)
{
    Source source(plugin_, "test");
    source.most = 10;
    source.start_sound(16'000, 2, 10);
    source.start_pictures(200, 200, 7'500);
    ASSERT_TRUE(source.wait_for(JF_VIDEO, 10));
    ASSERT_TRUE(source.wait_for(JF_AUDIO, 10));
    const auto sound = source.sound()[3].frame;
    EXPECT_EQ(sound.sample_rate_hz, 16'000U);
    EXPECT_EQ(sound.channels, 2U);
    EXPECT_EQ(sound.samples_per_channel, 160U);
    const auto picture = source.pictures()[3].frame;
    EXPECT_EQ(picture.width_px, 200U);
    EXPECT_EQ(picture.height_px, 150U);
    EXPECT_EQ(times_ms(source.pictures(), source.pictures()[0].frame.time_ns)[3], 400);
}

TEST_F(MediaTestSource, AFormThatCannotBeHadIsRefusedAndAnotherMayBeAskedFor)
{
    Source source(plugin_, "test");
    EXPECT_EQ(failure_of([&] { source.start_sound(48'000, 9); }).status(), JF_BAD_INPUT);
    EXPECT_EQ(failure_of([&] { source.start_sound(48'000, 1, 5000); }).status(), JF_BAD_INPUT);
    EXPECT_EQ(failure_of([&] { source.start_sound(4'000'000); }).status(), JF_BAD_INPUT);
    EXPECT_EQ(failure_of([&] { source.start({sizeof(jf_source_format), 7, 0, 0, 0, 0, 0, 0}); }).status(),
              JF_BAD_INPUT);
    source.start_sound();
    EXPECT_EQ(failure_of([&] { source.start_sound(); }).status(), JF_BUSY);
    ASSERT_TRUE(source.wait_for(JF_AUDIO, 1));
}

TEST_F(MediaTestSource, FramesComeAtThePaceOfTheClockAndBothKindsKeepOne)
{
    SourcePlugin plugin("media-test", R"({"frame_rate": 25})", jackfield::testing::Clock::manual);
    Source source(plugin, "test", "{}");
    const auto pass_until = [&](std::uint32_t kind, std::size_t count) {
        return plugin.host().run_until([&] {
            plugin.host().advance(milliseconds(5));
            return source.frames(kind).size() >= count;
        });
    };
    source.start_sound();
    ASSERT_TRUE(pass_until(JF_AUDIO, 10));
    source.start_pictures();
    ASSERT_TRUE(pass_until(JF_VIDEO, 5));
    const auto start = source.sound()[0].frame.time_ns;
    for (const auto kind : {JF_AUDIO, JF_VIDEO}) {
        for (const auto& got : source.frames(kind))
            EXPECT_GE(got.came_ns, got.frame.time_ns) << "before it was due";
    }
    if (times_ms(source.sound(), start)[9] == 180) { // or this machine slept, and everything is later
        const auto first = times_ms(source.pictures(), start)[0];
        EXPECT_EQ(first % 40, 0) << "counted from when the sound began";
    }
}

// A call that adds pictures after minutes must not hold up its sound for them, nor run them all along.
TEST_F(MediaTestSource, AKindThatStartsLaterJoinsTheOtherWhereItIs)
{
    for (const bool pictures_first : {false, true}) {
        SourcePlugin plugin("media-test", R"({"frame_rate": 25})", jackfield::testing::Clock::manual);
        Source source(plugin, "test", "{}");
        EXPECT_NE(source.info().joins_late, 0U);
        const auto start = [&](std::uint32_t kind) {
            kind == JF_VIDEO ? source.start_pictures() : source.start_sound();
        };
        const auto pass_until = [&](std::uint32_t kind, std::size_t count) {
            return plugin.host().run_until([&] {
                plugin.host().advance(milliseconds(40));
                return source.frames(kind).size() >= count;
            });
        };
        const std::uint32_t first = pictures_first ? JF_VIDEO : JF_AUDIO;
        const std::uint32_t second = pictures_first ? JF_AUDIO : JF_VIDEO;
        start(first);
        ASSERT_TRUE(pass_until(first, 1));
        const auto began_ns = source.frames(first)[0].frame.time_ns;
        ASSERT_TRUE(pass_until(first, 25));
        const auto now_ns = source.frames(first).back().frame.time_ns;
        start(second);
        ASSERT_TRUE(pass_until(second, 2));
        const auto joined_ns = source.frames(second)[0].frame.time_ns;
        EXPECT_GE(joined_ns, now_ns - 200'000'000) << "not from the beginning";
        EXPECT_EQ((joined_ns - began_ns) % 20'000'000, 0) << "and on the other's clock";
    }
}

TEST_F(MediaTestSource, LeavesOutPicturesThatWouldComeTooLateAndSaysSo)
{
    SourcePlugin plugin("media-test", R"({"frame_rate": 10})", jackfield::testing::Clock::manual);
    std::mutex mutex;
    std::condition_variable opened;
    bool open = false;
    Source source(plugin, "test", "{}");
    source.while_hearing = [&](const jf_frame&) {
        std::unique_lock lock(mutex);
        opened.wait(lock, [&] { return open; });
    };
    source.start_pictures();
    ASSERT_TRUE(source.wait_for(JF_VIDEO, 1)); // due at once; its listener takes 450 ms
    plugin.host().advance(milliseconds(450));
    {
        const std::lock_guard lock(mutex);
        open = true;
    }
    opened.notify_all();
    ASSERT_TRUE(source.wait_for(JF_VIDEO, 3));
    // Those of 100 and 200 ms are more than 200 ms late; that of 300 is late, but not too late.
    EXPECT_EQ(times_ms(source.pictures(), source.pictures()[0].frame.time_ns),
              (std::vector<std::int64_t>{0, 300, 400}));
    source.release();
    const auto lines = plugin.host().log_lines();
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_NE(lines[0].find("pictures: 3 frames sent, at least 2 left out"), std::string::npos) << lines[0];
}

TEST_F(MediaTestSource, NoFrameComesAfterItsRelease)
{
    for (int round = 0; round < 20; ++round) {
        Source source(plugin_, "test", round % 2 == 0 ? "{}" : kAtOnce);
        source.most = 10;
        std::atomic<bool> released{false};
        std::atomic<bool> late{false};
        source.while_hearing = [&](const jf_frame&) { late = late || released; };
        source.start_sound();
        source.start_pictures();
        ASSERT_TRUE(source.wait_for(JF_AUDIO, 1));
        source.release();
        released = true;
        EXPECT_FALSE(late);
    }
    Source never_started(plugin_, "test");
}

} // namespace media_test::testing
