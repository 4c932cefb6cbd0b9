// What stands on a screen comes as pictures; a camera that is not there is said.
//
// Threads: the test's is control; pictures come on the source's. Lifetime: an X server for each test.

#include "tests/plugins/source_under_test.hpp"
#include "tests/plugins/virtual_screen.hpp"
#include "tests/schema_check/schema_check.hpp"

#include <cstdlib>

namespace media_capture::testing {
namespace {

using namespace source_test;
using screen_test::VirtualScreen;

class Screen : public ::testing::Test {
protected:
    /// Whether pictures are of that luma, now or soon.
    bool shows(Source& source, int luma)
    {
        return plugin_.host().run_until([&] {
            const auto pictures = source.pictures();
            if (pictures.empty())
                return false;
            const auto& last = pictures.back();
            const auto middle = last.luma[last.luma.size() / 2 + last.frame.width_px / 2];
            return std::abs(middle - luma) <= 2;
        });
    }

    VirtualScreen screen_;
    SourcePlugin plugin_{"media-capture", R"({"screen_frame_rate": 20, "show_pointer": false})"};
};

TEST_F(Screen, ComesAsPicturesOfItsSizeAndColour)
{
    screen_.fill(0xffffff);
    Source source(plugin_, "screen:", "{}");
    EXPECT_EQ(source.info().has_audio, 0U);
    EXPECT_EQ(source.info().width_px, 800U);
    EXPECT_EQ(source.info().height_px, 600U);
    EXPECT_EQ(source.info().frame_rate_millihertz, 20'000U);
    source.start_pictures();
    ASSERT_TRUE(shows(source, 235)); // white of limited range
    EXPECT_EQ(source.pictures().back().frame.width_px, 800U);
    screen_.fill(0x000000);
    EXPECT_TRUE(shows(source, 16));
    screen_.fill(0xff0000);
    EXPECT_TRUE(shows(source, 81)); // red, ITU-R BT.601
    EXPECT_EQ(failure_of([&] { source.start_pictures(); }).status(), JF_BUSY);
    EXPECT_EQ(failure_of([&] { source.start_sound(); }).status(), JF_BAD_INPUT);
}

TEST_F(Screen, IsScaledDownWithItsAspect)
{
    Source source(plugin_, "screen:" + screen_.name(), "{}");
    source.start_pictures(200, 600);
    ASSERT_TRUE(source.wait_for(JF_VIDEO, 3));
    const auto pictures = source.pictures();
    EXPECT_EQ(pictures[0].frame.width_px, 200U);
    EXPECT_EQ(pictures[0].frame.height_px, 150U);
    EXPECT_GT(pictures[1].frame.time_ns, pictures[0].frame.time_ns);
}

TEST_F(Screen, IsListedAsTheSchemaSays)
{
    std::string text;
    jf_error error = jackfield::no_error();
    jackfield::check(plugin_.methods()->devices(plugin_.self(), jackfield::append_to(text), &error), error);
    const auto all = nlohmann::json::parse(text);
    EXPECT_TRUE(jackfield::test::satisfies(all, JACKFIELD_SOURCE_DIR "/kernel/abi/schemas/devices.schema.json")) << all;
    EXPECT_EQ(all["devices"].back()["name"], "screen:" + screen_.name());
    EXPECT_EQ(all["devices"].back()["default"], true);
}

TEST(Capture, ThatIsNotThereIsSaid)
{
    setenv("DISPLAY", ":no-such-screen", 1);
    SourcePlugin plugin("media-capture");
    const auto open = [&](const std::string& name) { return failure_of([&] { const Source source(plugin, name); }); };
    EXPECT_EQ(open("camera:/dev/no-such-camera").status(), JF_NOT_FOUND);
    EXPECT_EQ(std::string(open("camera:/dev/no-such-camera").what()), "\"/dev/no-such-camera\" is no camera");
    EXPECT_EQ(open("camera:no such camera").status(), JF_NOT_FOUND);
    EXPECT_NE(open("screen:").status(), JF_OK);
    unsetenv("DISPLAY");
    EXPECT_EQ(std::string(open("screen:").what()), "there is no screen; DISPLAY names one");
    EXPECT_EQ(open("microphone:").status(), JF_NOT_FOUND);
}

TEST(Capture, OfADeviceThatIsNoCameraIsSaidInTheLogAndEndsNothing)
{
    SourcePlugin plugin("media-capture");
    Source source(plugin, "camera:/dev/null");
    source.start_pictures();
    ASSERT_TRUE(plugin.host().run_until([&] { return !plugin.host().log_lines().empty(); }));
    EXPECT_NE(plugin.host().log_lines()[0].find("camera \"/dev/null\""), std::string::npos)
        << plugin.host().log_lines()[0];
    EXPECT_TRUE(source.ends.empty());
}

} // namespace
} // namespace media_capture::testing
