// Microphones of a real sound server: they are heard, and a call goes on whatever becomes of them.
//
// Threads: the test's is control. Lifetime: a sound server for each test.

#include "sound_server.hpp"

#include "tests/plugins/source_under_test.hpp"
#include "tests/plugins/tone_in.hpp"
#include "tests/schema_check/schema_check.hpp"

#include <algorithm>

namespace media_pulse::testing {
namespace {

using namespace source_test;
using sound_test::SoundServer;

class Microphones : public ::testing::Test {
protected:
    /// Runs until the last 200 ms that came are that tone (0: silence). False if that does not come to be.
    bool hears(Source& source, double hertz)
    {
        return plugin_.host().run_until([&] {
            const auto frames = source.sound();
            if (frames.size() < 10)
                return false;
            std::vector<float> last;
            for (auto frame = frames.end() - 10; frame != frames.end(); ++frame)
                last.insert(last.end(), frame->samples.begin(), frame->samples.end());
            return hertz == 0 ? sound_test::loudness(last) < 1e-4
                              : sound_test::share_of_tone(last, hertz, 48'000) > 0.98;
        });
    }

    bool log_has(const std::string& words)
    {
        const auto lines = plugin_.host().log_lines();
        return std::ranges::any_of(lines, [&](const auto& line) { return line.find(words) != std::string::npos; });
    }

    std::string all_log()
    {
        std::string all;
        for (const auto& line : plugin_.host().log_lines())
            all += line + "\n";
        return all;
    }

    Failure open_failure(const std::string& name)
    {
        return failure_of([&] { const Source source(plugin_, name); });
    }

    SoundServer server_;
    SourcePlugin plugin_{"media-pulse", server_.config()};
};

TEST_F(Microphones, AreHeardWithEvenTimesAndInTheAskedForm)
{
    server_.load_tone("line", 440);
    Source source(plugin_, "microphone:line.monitor", "{}");
    EXPECT_EQ(source.info().has_audio, 1U);
    EXPECT_EQ(source.info().has_video, 0U);
    source.start_sound(48'000, 1, 20);
    ASSERT_TRUE(hears(source, 440)) << all_log();
    const auto frames = source.sound();
    for (std::size_t i = frames.size() - 9; i < frames.size(); ++i) {
        EXPECT_EQ(frames[i].frame.samples_per_channel, 960U);
        EXPECT_NEAR(static_cast<double>(frames[i].frame.time_ns - frames[i - 1].frame.time_ns), 20e6, 10e3);
    }
    EXPECT_EQ(failure_of([&] { source.start_sound(); }).status(), JF_BUSY);
    EXPECT_EQ(failure_of([&] { source.start_pictures(); }).status(), JF_BAD_INPUT);
}

TEST_F(Microphones, AreChosenByNameByPartOfItOrAsTheDefault)
{
    server_.load_tone("ear", 880);
    server_.pactl("set-default-source ear.monitor");
    for (const char* name : {"microphone:ear.monitor", "microphone:The_ear", "microphone:"}) {
        Source source(plugin_, name, "{}");
        source.start_sound();
        EXPECT_TRUE(hears(source, 880)) << name << "\n" << all_log();
    }
    EXPECT_EQ(open_failure("microphone:nobody").status(), JF_NOT_FOUND);
    EXPECT_EQ(std::string(open_failure("microphone:nobody").what()),
              "no microphone is called \"nobody\"; there are line.monitor, ear.monitor");
    EXPECT_EQ(open_failure("speaker:line").status(), JF_NOT_FOUND);
}

TEST_F(Microphones, AreListedWithTheDefaultOneAsTheSchemaSays)
{
    server_.pactl("set-default-source ear.monitor");
    nlohmann::json devices;
    // The list follows the server when it says that something has changed.
    ASSERT_TRUE(plugin_.host().run_until([&] {
        std::string text;
        jf_error error = jackfield::no_error();
        jackfield::check(plugin_.methods()->devices(plugin_.self(), jackfield::append_to(text), &error), error);
        const auto all = nlohmann::json::parse(text);
        EXPECT_TRUE(jackfield::test::satisfies(all, JACKFIELD_SOURCE_DIR "/kernel/abi/schemas/devices.schema.json"))
            << all;
        devices = all["devices"];
        return devices.size() == 2 && devices[1]["default"] == true;
    })) << devices;
    EXPECT_EQ(devices[0]["name"], "microphone:line.monitor");
    EXPECT_EQ(devices[0]["default"], false);
    EXPECT_EQ(devices[1]["description"], "Monitor of The_ear");
}

TEST_F(Microphones, ThatAreUnpluggedGiveWayToTheDefaultOneAndComeBack)
{
    server_.load_tone("ear", 880);
    server_.pactl("set-default-source ear.monitor");
    const auto usb = server_.load_sink("usb");
    server_.load_tone("usb", 440);
    Source source(plugin_, "microphone:usb.monitor", "{}");
    source.start_sound();
    ASSERT_TRUE(hears(source, 440)) << all_log();

    server_.unload(usb);
    ASSERT_TRUE(hears(source, 880)) << all_log();
    EXPECT_TRUE(log_has("microphone: the server moved us to \"ear.monitor\"")) << all_log();
    EXPECT_TRUE(source.ends.empty());

    server_.load_sink("usb");
    server_.load_tone("usb", 440);
    EXPECT_TRUE(hears(source, 440)) << all_log();
    EXPECT_TRUE(log_has("microphone: \"usb.monitor\" is back")) << all_log();
}

TEST_F(Microphones, AllOfWhichAreGoneAreSilenceUntilThereIsOne)
{
    server_.load_tone("line", 440);
    Source source(plugin_, "microphone:", "{}");
    source.start_sound();
    ASSERT_TRUE(hears(source, 440)) << all_log();
    server_.unplug("ear");
    server_.unplug("line");
    ASSERT_TRUE(hears(source, 0)) << all_log();
    EXPECT_TRUE(log_has("there is no device")) << all_log();
    EXPECT_EQ(open_failure("microphone:").status(), JF_NOT_FOUND);
    server_.load_sink("new");
    server_.load_tone("new", 660);
    EXPECT_TRUE(hears(source, 660)) << all_log();
}

TEST_F(Microphones, OfAServerThatEndsAreSilenceUntilItIsBack)
{
    server_.load_tone("line", 440);
    Source source(plugin_, "microphone:line.monitor", "{}");
    source.start_sound();
    ASSERT_TRUE(hears(source, 440)) << all_log();
    server_.stop();
    ASSERT_TRUE(hears(source, 0)) << all_log();
    EXPECT_TRUE(log_has("the sound server is gone")) << all_log();
    EXPECT_EQ(open_failure("microphone:").status(), JF_UNREACHABLE);
    server_.start({"line"});
    server_.load_tone("line", 660);
    EXPECT_TRUE(hears(source, 660)) << all_log();
}

TEST(Microphone, WithoutAServerSaysWhatWouldWork)
{
    SourcePlugin plugin("media-pulse", R"({"server": "unix:/no/such/socket"})");
    const auto failure = failure_of([&] { const Source source(plugin, "microphone:"); });
    EXPECT_EQ(failure.status(), JF_UNREACHABLE);
    EXPECT_NE(std::string(failure.what()).find("PulseAudio or PipeWire must run"), std::string::npos) << failure.what();
}

} // namespace
} // namespace media_pulse::testing
