// A window on a screen that nobody sees: what stands in it is what was sent.
//
// Threads: the test's is control and the call's; the window has its own. Lifetime: an X server for each test.

#include "tests/plugins/sink_under_test.hpp"
#include "tests/plugins/virtual_screen.hpp"

#include <algorithm>
#include <cstdlib>

#ifdef __SANITIZE_ADDRESS__
/// SDL and what it loads for a screen keep memory until the process ends, and some of those libraries are gone by then,
/// so that nobody can tell whose it was. What the plugin itself keeps, its conformance tests see.
extern "C" __attribute__((visibility("default"))) const char* __asan_default_options()
{
    return "detect_leaks=0";
}
#endif

namespace media_sdl::testing {
namespace {

using screen_test::VirtualScreen;
using sink_test::Picture;
using sink_test::SinkPlugin;

class SdlWindow : public ::testing::Test {
protected:
    void show(sink_test::Sink& sink, const Picture& picture, std::uint32_t rotation = 0)
    {
        EXPECT_EQ(sink.write(picture.frame(plugin_.host().host().now_ns(), rotation)), JF_OK);
    }

    /// Luma of what is seen at that place of the window, in hundredths of it; -1 without a window.
    int seen(const std::string& title, int x_percent, int y_percent)
    {
        const Window window = screen_.find(title);
        if (window == 0)
            return -1;
        const auto area = screen_.area_of(window);
        const auto colour = screen_.at(area.x + area.width * x_percent / 100, area.y + area.height * y_percent / 100);
        return colour.green;
    }

    bool soon(const std::function<bool()>& holds) { return plugin_.host().run_until(holds); }

    bool log_has(const std::string& words)
    {
        const auto lines = plugin_.host().log_lines();
        return std::ranges::any_of(lines, [&](const auto& line) { return line.find(words) != std::string::npos; });
    }

    static bool bright(int green) { return green > 200 && green < 230; } // luma 200 of limited range is 214
    static bool black(int green) { return green >= 0 && green < 5; }

    VirtualScreen screen_;
    SinkPlugin plugin_{"media-sdl", R"({"title": "from bob"})"};
};

TEST_F(SdlWindow, OpensWithTheFirstPictureAndShowsIt)
{
    sink_test::Sink sink(plugin_, "window:");
    EXPECT_EQ(screen_.find("from bob"), 0U);
    show(sink, Picture(320, 240));
    ASSERT_TRUE(soon([&] { return bright(seen("from bob", 25, 50)); })) << seen("from bob", 25, 50);
    EXPECT_TRUE(black(seen("from bob", 75, 50)));
    EXPECT_EQ(screen_.area_of(screen_.find("from bob")).width, 320);
    EXPECT_EQ(sink.finish().status, JF_OK);
    EXPECT_EQ(screen_.find("from bob"), 0U);
    EXPECT_TRUE(log_has("window: showed 1 pictures, left out 0"));
}

TEST_F(SdlWindow, HasTheTitleOfItsName)
{
    sink_test::Sink sink(plugin_, "window:kitchen");
    show(sink, Picture(320, 240));
    EXPECT_TRUE(soon([&] { return screen_.find("kitchen") != 0; }));
}

TEST_F(SdlWindow, TurnsPicturesClockwise)
{
    sink_test::Sink sink(plugin_, "window:");
    show(sink, Picture(320, 240), 90); // what was at the left is at the top
    ASSERT_TRUE(soon([&] { return bright(seen("from bob", 50, 25)); }));
    EXPECT_TRUE(black(seen("from bob", 50, 75)));
    const auto area = screen_.area_of(screen_.find("from bob"));
    EXPECT_EQ(area.width, 240);
    EXPECT_EQ(area.height, 320);
}

TEST_F(SdlWindow, KeepsTheAspectWhenItIsMadeWider)
{
    sink_test::Sink sink(plugin_, "window:");
    show(sink, Picture(320, 240));
    ASSERT_TRUE(soon([&] { return bright(seen("from bob", 25, 50)); }));
    screen_.resize(screen_.find("from bob"), 640, 240);
    // Beside the picture, which stands in the middle half, it is black.
    EXPECT_TRUE(soon([&] { return black(seen("from bob", 10, 50)) && bright(seen("from bob", 30, 50)); }));
    EXPECT_TRUE(black(seen("from bob", 60, 50)));
    EXPECT_TRUE(black(seen("from bob", 90, 50)));
}

TEST_F(SdlWindow, FollowsPicturesThatChangeTheirSize)
{
    sink_test::Sink sink(plugin_, "window:");
    show(sink, Picture(320, 240));
    ASSERT_TRUE(soon([&] { return bright(seen("from bob", 25, 50)); }));
    show(sink, Picture(640, 120, 100)); // the window stays; the picture is a band
    EXPECT_TRUE(soon([&] { return black(seen("from bob", 25, 10)); }));
    const int middle = seen("from bob", 25, 50);
    EXPECT_TRUE(middle > 80 && middle < 110) << middle;
}

TEST_F(SdlWindow, ThatIsClosedEndsNothingAndSaysSo)
{
    sink_test::Sink sink(plugin_, "window:");
    show(sink, Picture(320, 240));
    ASSERT_TRUE(soon([&] { return log_has("window: \"from bob\" on "); })); // SDL may make it twice until then
    ASSERT_TRUE(soon([&] { return screen_.find("from bob") != 0; }));
    screen_.close(screen_.find("from bob"));
    ASSERT_TRUE(soon([&] { return screen_.find("from bob") == 0; }));
    EXPECT_TRUE(soon([&] { return log_has("window: closed; the call goes on without it"); }));
    show(sink, Picture(320, 240));
    EXPECT_EQ(sink.finish().status, JF_OK);
    EXPECT_EQ(screen_.find("from bob"), 0U);

    sink_test::Sink again(plugin_, "window:"); // who asks for it gets another
    show(again, Picture(320, 240));
    EXPECT_TRUE(soon([&] { return bright(seen("from bob", 25, 50)); }));
}

TEST_F(SdlWindow, OfTwoCallsAreTwo)
{
    sink_test::Sink one(plugin_, "window:one");
    sink_test::Sink two(plugin_, "window:two");
    show(one, Picture(320, 240));
    show(two, Picture(320, 240, 120));
    EXPECT_TRUE(soon([&] { return screen_.find("one") != 0 && screen_.find("two") != 0; }));
    one.release();
    EXPECT_TRUE(soon([&] { return screen_.find("one") == 0; }));
    EXPECT_NE(screen_.find("two"), 0U);
}

TEST_F(SdlWindow, ShowsAPictureWhenItIsDueAndNotBefore)
{
    sink_test::Sink sink(plugin_, "window:");
    const Picture picture(320, 240);
    const auto due_ns = plugin_.host().host().now_ns() + 150 * sink_test::kMs;
    EXPECT_EQ(sink.write(picture.frame(due_ns)), JF_OK);
    ASSERT_TRUE(soon([&] { return screen_.find("from bob") != 0; }));
    EXPECT_GE(plugin_.host().host().now_ns(), due_ns);
}

TEST(SdlWindowless, WithoutAScreenSaysWhatWouldWork)
{
    setenv("DISPLAY", ":no-such-screen", 1);
    setenv("SDL_VIDEODRIVER", "x11", 1);
    SinkPlugin plugin("media-sdl");
    try {
        const sink_test::Sink sink(plugin, "window:");
        FAIL() << "there is no screen";
    } catch (const jackfield::Failure& failure) {
        EXPECT_EQ(failure.status(), JF_UNREACHABLE);
        EXPECT_NE(std::string(failure.what()).find("DISPLAY"), std::string::npos) << failure.what();
    }
    unsetenv("SDL_VIDEODRIVER");
}

} // namespace
} // namespace media_sdl::testing
