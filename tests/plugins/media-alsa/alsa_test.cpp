// ALSA without a card: devices of its configuration that are files, or nothing at all. A file takes and gives sound at
// once; that it comes at the pace of real time is the plugin's doing.
//
// Threads: the test's is control and the call's. Lifetime: a configuration of ALSA for each test.

#include "tests/plugins/sink_under_test.hpp"
#include "tests/plugins/source_under_test.hpp"
#include "tests/plugins/tone_in.hpp"
#include "tests/schema_check/schema_check.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace media_alsa::testing {
namespace {

using source_test::failure_of;

class Alsa : public ::testing::Test {
protected:
    Alsa()
    {
        std::string pattern = (std::filesystem::temp_directory_path() / "jackfield-alsa-XXXXXX").string();
        folder_ = mkdtemp(pattern.data());
        std::ofstream(folder_ + "/asound.conf") << R"(
pcm.default { type null  hint { show on  description "Nothing at all" } }
pcm.heard { type file  slave.pcm { type null }  file ")"
                                                << folder_ << R"(/heard.raw"  format raw
            hint { show on  description "A file that hears" } }
pcm.spoken { type file  slave.pcm { type null }  file "/dev/null"  infile ")"
                                                << folder_ << R"(/spoken.raw"  format raw
             hint { show on  description "A file that speaks" } }
pcm.picky { type linear  slave { pcm { type null }  format S16_LE } }
)";
        setenv("ALSA_CONFIG_PATH", (folder_ + "/asound.conf").c_str(), 1);
    }
    ~Alsa() override { std::filesystem::remove_all(folder_); }

    void write_tone(int hertz, double seconds)
    {
        std::vector<float> samples(static_cast<std::size_t>(48'000 * seconds));
        for (std::size_t i = 0; i < samples.size(); ++i)
            samples[i] =
                static_cast<float>(0.5 * std::sin(2 * std::numbers::pi * hertz * static_cast<double>(i) / 48'000));
        std::ofstream(folder_ + "/spoken.raw", std::ios::binary)
            .write(reinterpret_cast<const char*>(samples.data()),
                   static_cast<std::streamsize>(samples.size() * sizeof(float)));
    }

    /// What the speaker's file has, the left channel.
    std::vector<float> heard() const
    {
        std::ifstream file(folder_ + "/heard.raw", std::ios::binary);
        const std::string bytes{std::istreambuf_iterator<char>(file), {}};
        std::vector<float> samples(bytes.size() / sizeof(float));
        std::memcpy(samples.data(), bytes.data(), samples.size() * sizeof(float));
        return sound_test::channel_of(samples, 0, 2);
    }

    std::string folder_;
};

TEST_F(Alsa, AMicrophoneIsHeardAtThePaceOfRealTime)
{
    write_tone(440, 30);
    source_test::SourcePlugin plugin("media-alsa");
    source_test::Source source(plugin, "microphone:spoken", "{}");
    EXPECT_EQ(source.info().has_audio, 1U);
    const auto begun_ns = plugin.host().now_ns();
    source.start_sound();
    ASSERT_TRUE(source.wait_for(JF_AUDIO, 25));
    EXPECT_GE(plugin.host().now_ns() - begun_ns, 450'000'000); // half a second of sound
    const auto frames = source.sound();
    EXPECT_NEAR(static_cast<double>(frames[24].frame.time_ns - frames[0].frame.time_ns), 24 * 20e6, 1e6);
    const auto samples = source.samples();
    EXPECT_GT(sound_test::share_of_tone(std::span(samples).subspan(4800, 9600), 440, 48'000), 0.98);
    EXPECT_EQ(failure_of([&] { source.start_sound(); }).status(), JF_BUSY);
    EXPECT_EQ(failure_of([&] { source.start_pictures(); }).status(), JF_BAD_INPUT);
}

TEST_F(Alsa, ASpeakerPlaysWhatIsWrittenAtItsTime)
{
    sink_test::SinkPlugin plugin("media-alsa");
    sink_test::Sink sink(plugin, "speaker:heard");
    sink_test::Tone tone(1000, 48'000, 1);
    const auto begin_ns = plugin.host().now_ns() + 200 * sink_test::kMs;
    for (int i = 0; i < 25; ++i)
        EXPECT_EQ(sink.write(tone.next(begin_ns + i * 20 * sink_test::kMs)), JF_OK);
    plugin.host().run_until([&] { return plugin.host().now_ns() > begin_ns + 800 * sink_test::kMs; });
    EXPECT_EQ(sink.finish().status, JF_OK);
    const auto samples = heard();
    const auto first =
        static_cast<std::size_t>(std::ranges::find_if(samples, [](float one) { return one != 0; }) - samples.begin());
    ASSERT_GT(samples.size(), first + 19'200);
    EXPECT_GT(first, 4800U); // it was not due before
    EXPECT_GT(sound_test::share_of_tone(std::span(samples).subspan(first, 19'200), 1000, 48'000), 0.95);
    EXPECT_LE(samples.size(), 48'000U * 30); // and not as fast as a file takes it
}

TEST_F(Alsa, TheDefaultDeviceMayBeNothingAtAll)
{
    source_test::SourcePlugin microphones("media-alsa");
    source_test::Source source(microphones, "microphone:", "{}");
    source.start_sound(16'000, 2, 10);
    ASSERT_TRUE(source.wait_for(JF_AUDIO, 10));
    EXPECT_EQ(source.sound()[0].frame.channels, 2U);
    sink_test::SinkPlugin speakers("media-alsa");
    sink_test::Sink sink(speakers, "speaker:");
    EXPECT_EQ(sink.write(sink_test::Picture(64, 48).frame(0)), JF_OK);
    EXPECT_EQ(sink.finish().status, JF_OK);
}

TEST_F(Alsa, DevicesAreListedAndChosenByPartOfWhatTheyAreCalled)
{
    source_test::SourcePlugin plugin("media-alsa");
    std::string text;
    jf_error error = jackfield::no_error();
    jackfield::check(plugin.methods()->devices(plugin.self(), jackfield::append_to(text), &error), error);
    const auto all = nlohmann::json::parse(text);
    EXPECT_TRUE(jackfield::test::satisfies(all, JACKFIELD_SOURCE_DIR "/kernel/abi/schemas/devices.schema.json")) << all;
    ASSERT_EQ(all["devices"].size(), 3U) << all;
    EXPECT_EQ(all["devices"][0]["name"], "microphone:default");
    EXPECT_EQ(all["devices"][0]["default"], true);
    write_tone(440, 1);
    const source_test::Source source(plugin, "microphone:that speaks", "{}");
    const auto failure = failure_of([&] { const source_test::Source none(plugin, "microphone:nobody", "{}"); });
    EXPECT_EQ(failure.status(), JF_NOT_FOUND);
    EXPECT_NE(std::string(failure.what()).find("there are default, heard, spoken"), std::string::npos)
        << failure.what();
}

TEST_F(Alsa, ADeviceThatDoesNotTakeTheFormGivesWayToTheDefaultOne)
{
    sink_test::SinkPlugin plugin("media-alsa");
    sink_test::Sink sink(plugin, "speaker:picky"); // whole numbers alone
    const auto said = [&](const std::string& words) {
        const auto lines = plugin.host().log_lines();
        return std::ranges::any_of(lines, [&](const auto& line) { return line.find(words) != std::string::npos; });
    };
    EXPECT_TRUE(plugin.host().run_until([&] { return said("\"default\" takes the place of \"picky\""); }));
    EXPECT_TRUE(said("\"picky\" has no floating-point samples"));
}

TEST_F(Alsa, ASpeakerKeepsNothingOfOurs)
{
    sink_test::SinkPlugin plugin("media-alsa");
    try {
        const sink_test::Sink own(plugin, "speaker:", R"({"own_audio": true})");
        FAIL() << "a speaker keeps nothing";
    } catch (const jackfield::Failure& failure) {
        EXPECT_EQ(failure.status(), JF_UNSUPPORTED);
    }
}

} // namespace
} // namespace media_alsa::testing
