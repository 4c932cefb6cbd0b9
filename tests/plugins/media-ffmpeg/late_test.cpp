// What a source does when whoever listens, or the machine, is too slow. Time is turned by hand.
//
// Threads: the test's is control; the listener holds up the source's threads.
// Lifetime: one plugin instance per test.

#include "source_under_test.hpp"
#include "test_files.hpp"
#include "tests/kernel/temporary_folder.hpp"

#include <condition_variable>

namespace media_ffmpeg::testing {

namespace {

using std::chrono::milliseconds;

/// Lets frames of one kind pass, or holds up the thread that brings them.
class Gate {
public:
    explicit Gate(std::uint32_t kind) : kind_(kind) {}

    void pass(const jf_frame& frame)
    {
        std::unique_lock lock(mutex_);
        if (frame.kind == kind_)
            opened_.wait(lock, [this] { return open_; });
    }

    void open()
    {
        const std::lock_guard lock(mutex_);
        open_ = true;
        opened_.notify_all();
    }

private:
    std::uint32_t kind_;
    std::mutex mutex_;
    std::condition_variable opened_;
    bool open_ = false;
};

class LateSource : public ::testing::Test {
protected:
    void SetUp() override
    {
        file_ = make_file(folder_.path(), "film.mkv", film_arguments(3, "64x48", 10) + " -bf 0 -c:a pcm_s16le");
    }

    /// Time passes in small steps until so many frames of the kind have come.
    static void pass_until(SourcePlugin& plugin, Source& source, std::uint32_t kind, std::size_t count)
    {
        ASSERT_TRUE(plugin.host().run_until([&] {
            plugin.host().advance(milliseconds(10));
            return source.frames(kind).size() >= count;
        }));
    }

    jackfield::test::TemporaryFolder folder_;
    std::string file_;
    SourcePlugin plugin_{"{}", jackfield::testing::Clock::manual};
};

} // namespace

TEST_F(LateSource, LeavesOutPicturesThatWouldComeTooLateAndKeepsTheClock)
{
    Gate gate(JF_VIDEO);
    Source source(plugin_, file_, "{}");
    source.while_hearing = [&](const jf_frame& frame) { gate.pass(frame); };
    source.start_pictures();
    ASSERT_TRUE(source.wait_for(JF_VIDEO, 1)); // due at once; its listener takes 450 ms
    plugin_.host().advance(milliseconds(450));
    gate.open();
    ASSERT_TRUE(source.wait_for(JF_VIDEO, 3));
    // Those of 100 and 200 ms are more than 200 ms late; that of 300 is late, but not too late.
    EXPECT_EQ(times_ms(source.pictures(), source.pictures()[0].frame.time_ns),
              (std::vector<std::int64_t>{0, 300, 400}));
    pass_until(plugin_, source, JF_VIDEO, 5);
    EXPECT_EQ(times_ms(source.pictures(), source.pictures()[0].frame.time_ns)[4], 600);
}

TEST_F(LateSource, ShowsAPictureNowAndThenHoweverLate)
{
    Gate gate(JF_VIDEO);
    Source source(plugin_, file_, "{}");
    source.while_hearing = [&](const jf_frame& frame) { gate.pass(frame); };
    source.start_pictures();
    ASSERT_TRUE(source.wait_for(JF_VIDEO, 1));
    plugin_.host().advance(milliseconds(950));
    gate.open();
    ASSERT_TRUE(source.wait_for(JF_VIDEO, 3));
    auto times = times_ms(source.pictures(), source.pictures()[0].frame.time_ns);
    times.resize(3); // the next may have come already
    EXPECT_EQ(times, (std::vector<std::int64_t>{0, 500, 800}));
}

TEST_F(LateSource, TheFirstPictureComesHoweverLate)
{
    Gate gate(JF_AUDIO);
    Source source(plugin_, file_, "{}");
    source.while_hearing = [&](const jf_frame& frame) { gate.pass(frame); };
    source.start_sound(); // sets the clock, and is held up so that it does not give way
    ASSERT_TRUE(source.wait_for(JF_AUDIO, 1));
    plugin_.host().advance(milliseconds(350));
    source.start_pictures();
    ASSERT_TRUE(source.wait_for(JF_VIDEO, 2));
    const auto times = times_ms(source.pictures(), source.sound()[0].frame.time_ns);
    EXPECT_EQ(times[0], 0);
    EXPECT_EQ(times[1], 200);
    gate.open();
}

TEST_F(LateSource, SoundIsNeverLeftOutAndTakesThePictureAlong)
{
    Gate gate(JF_AUDIO);
    Source source(plugin_, file_, "{}");
    source.while_hearing = [&](const jf_frame& frame) { gate.pass(frame); };
    source.start_sound();
    ASSERT_TRUE(source.wait_for(JF_AUDIO, 1));
    const auto start = source.sound()[0].frame.time_ns;
    plugin_.host().advance(milliseconds(1000));
    gate.open();
    ASSERT_TRUE(source.wait_for(JF_AUDIO, 2));
    pass_until(plugin_, source, JF_AUDIO, 3);
    // The second was due at 20 ms; from now on everything is later by 980.
    EXPECT_EQ(times_ms(source.sound(), start), (std::vector<std::int64_t>{0, 1000, 1020}));
    source.start_pictures();
    pass_until(plugin_, source, JF_VIDEO, 1);
    EXPECT_EQ((source.pictures()[0].frame.time_ns - start) / 1'000'000 % 100, 80);
    source.release();
}

TEST_F(LateSource, SaysHowMuchItLeftOut)
{
    Gate gate(JF_VIDEO);
    Source source(plugin_, file_, "{}");
    source.while_hearing = [&](const jf_frame& frame) { gate.pass(frame); };
    source.start_pictures();
    ASSERT_TRUE(source.wait_for(JF_VIDEO, 1));
    plugin_.host().advance(milliseconds(450));
    gate.open();
    ASSERT_TRUE(source.wait_for(JF_VIDEO, 3));
    source.release();
    const auto lines = plugin_.host().log_lines();
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_EQ(lines[0], "1 pictures: 3 frames sent, at least 2 left out, and 0 ms waited for, because this machine was "
                        "too slow for them");
}

} // namespace media_ffmpeg::testing
