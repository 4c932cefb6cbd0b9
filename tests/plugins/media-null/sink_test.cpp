// The sink that swallows everything, through its C entry.
//
// Threads: the test's is control, and two that write. Lifetime: one plugin instance per test.

#include "tests/plugins/sink_under_test.hpp"

#include <algorithm>
#include <thread>

namespace media_null::testing {

namespace {

using namespace sink_test;

class MediaNull : public ::testing::Test {
protected:
    SinkPlugin plugin_{"media-null"};
};

} // namespace

TEST_F(MediaNull, AcceptsItsOneNameAndOpensNoOther)
{
    const auto accepts = [&](std::string_view name) {
        return plugin_.methods()->accepts(plugin_.self(), jackfield::to_text(name));
    };
    EXPECT_EQ(accepts("null"), 1);
    for (const char* name : {"", "./null", "null:", "call.mkv"})
        EXPECT_EQ(accepts(name), 0) << name;
    EXPECT_THROW(const Sink sink(plugin_, "call.mkv"), jackfield::Failure);
}

TEST_F(MediaNull, CountsTheFramesOfBothKindsWhileTheyComeFromTwoThreads)
{
    Sink sink(plugin_, "null");
    std::thread sound([&] {
        Tone tone(440, 48'000, 1);
        write_sound(sink, tone, kBegin, 500);
    });
    write_pictures(sink, 64, 48, kBegin, 300);
    sound.join();
    EXPECT_EQ(sink.finish().status, JF_OK);
    const auto lines = plugin_.host().log_lines();
    EXPECT_EQ(std::count(lines.begin(), lines.end(), "0 swallowed 500 frames of sound and 300 pictures"), 1)
        << (lines.empty() ? "nothing said" : lines.back());
}

TEST_F(MediaNull, MayBeReleasedWithoutAnEnd)
{
    Sink sink(plugin_, "null");
    write_pictures(sink, 64, 48, kBegin, 1);
    sink.release();
    EXPECT_TRUE(plugin_.host().log_lines().empty());
}

} // namespace media_null::testing
