// Recordings: what is in the file afterwards, by ffprobe and by decoding it.
//
// Threads: the test's is control; frames come from threads of the test, as in a call.
// Lifetime: one plugin instance per test.

#include "sink_under_test.hpp"
#include "source_under_test.hpp"
#include "test_files.hpp"
#include "tests/kernel/temporary_folder.hpp"

#include <thread>

namespace media_ffmpeg::testing {

namespace {

class RecordingFile : public ::testing::Test {
protected:
    std::string path(const std::string& name) const { return (folder_.path() / name).string(); }

    /// Two seconds of sound and pictures from two threads at once.
    static void write_call(const Sink& sink)
    {
        std::thread sound([&] {
            Tone tone(1000, 48'000, 1);
            write_sound(sink, tone, kBegin, 100);
        });
        write_pictures(sink, 320, 240, kBegin + 10 * kMs, 50);
        sound.join();
    }

    jackfield::test::TemporaryFolder folder_;
    SinkPlugin plugin_;
};

const nlohmann::json& stream_of(const nlohmann::json& probed, const std::string& type)
{
    for (const auto& stream : probed["streams"]) {
        if (stream["codec_type"] == type)
            return stream;
    }
    static const nlohmann::json none = nlohmann::json::object();
    return none;
}

double length_of(const nlohmann::json& probed)
{
    return std::stod(probed["format"]["duration"].get<std::string>());
}

} // namespace

TEST_F(RecordingFile, AnMkvHoldsBothKindsAsTheyCame)
{
    Sink sink(plugin_, path("call.mkv"));
    write_call(sink);
    EXPECT_EQ(sink.finish().status, JF_OK);
    const auto probed = probe(path("call.mkv"));
    EXPECT_EQ(stream_of(probed, "video")["codec_name"], "h264");
    EXPECT_EQ(stream_of(probed, "video")["width"], 320);
    EXPECT_EQ(stream_of(probed, "audio")["codec_name"], "pcm_s16le");
    EXPECT_NEAR(length_of(probed), 2.0, 0.05);
    const auto times = times_of(path("call.mkv"), "video");
    ASSERT_EQ(times.size(), 50U);
    for (std::size_t i = 0; i < times.size(); ++i)
        EXPECT_NEAR(times[i], 0.010 + 0.040 * static_cast<double>(i), 0.0015);
    const auto sound = decode_sound(path("call.mkv"), 48'000, 2);
    EXPECT_EQ(sound.size(), 2 * 96'000U);
    EXPECT_GT(share_of_tone(sound, 1000, 48'000, 0, 2), 0.999);
    EXPECT_NEAR(loudness(sound, 1, 2), 0.5 / std::sqrt(2), 0.005);
    const auto picture = decode_pictures(path("call.mkv"), 320, 240).at(30);
    EXPECT_NEAR(picture[120 * 320 + 80], 200, 3);
    EXPECT_NEAR(picture[120 * 320 + 240], 16, 3);
}

TEST_F(RecordingFile, AWebmHoldsBothKindsAsTheyCame)
{
    Sink sink(plugin_, path("call.webm"));
    write_call(sink);
    EXPECT_EQ(sink.finish().status, JF_OK);
    const auto probed = probe(path("call.webm"));
    EXPECT_EQ(stream_of(probed, "video")["codec_name"], "vp8");
    EXPECT_EQ(stream_of(probed, "audio")["codec_name"], "opus");
    EXPECT_NEAR(length_of(probed), 2.0, 0.05);
    EXPECT_EQ(times_of(path("call.webm"), "video").size(), 50U);
    EXPECT_GT(share_of_tone(decode_sound(path("call.webm"), 48'000, 1), 1000, 48'000), 0.98);
    EXPECT_NEAR(decode_pictures(path("call.webm"), 320, 240).at(30)[120 * 320 + 80], 200, 4);
}

TEST_F(RecordingFile, OurOwnSourcePlaysIt)
{
    Sink sink(plugin_, path("call.mkv"));
    write_call(sink);
    EXPECT_EQ(sink.finish().status, JF_OK);
    sink.release();
    SourcePlugin sources;
    Source source(sources, path("call.mkv"));
    source.start_sound();
    source.start_pictures();
    ASSERT_TRUE(source.wait_for_end(2));
    EXPECT_EQ(source.pictures().size(), 50U);
    EXPECT_EQ(source.sound().size(), 100U);
}

TEST_F(RecordingFile, OptionsChooseTheSoundAndBoundTheBitRate)
{
    const auto size_with = [this](const std::string& config, const std::string& name) {
        SinkPlugin plugin(config);
        Sink sink(plugin, path(name), R"({"audio": false})");
        std::vector<std::uint8_t> noise(std::size_t{320} * 240);
        std::uint32_t state = 1;
        for (int i = 0; i < 50; ++i) {
            for (auto& value : noise)
                value = static_cast<std::uint8_t>((state = state * 1664525 + 1013904223) >> 24U);
            jf_frame frame = Picture(320, 240).frame(kBegin + i * 40 * kMs);
            for (std::size_t plane = 0; plane < 3; ++plane) {
                frame.planes[plane] = noise.data();
                frame.strides_bytes[plane] = 320;
            }
            EXPECT_EQ(sink.write(frame), JF_OK);
        }
        EXPECT_EQ(sink.finish().status, JF_OK);
        return std::filesystem::file_size(path(name));
    };
    EXPECT_GT(size_with("{}", "free.mkv"), 1'500'000U);
    EXPECT_LT(size_with(R"({"record_video_kbps": 500})", "bound.mkv"), 500'000U);
    SinkPlugin plugin(R"({"record_sound": "opus"})");
    Sink sink(plugin, path("call.mkv"), R"({"video": false})");
    Tone tone(1000, 48'000, 1);
    write_sound(sink, tone, kBegin, 50);
    EXPECT_EQ(sink.finish().status, JF_OK);
    EXPECT_EQ(stream_of(probe(path("call.mkv")), "audio")["codec_name"], "opus");
}

TEST_F(RecordingFile, HoldsOnlyTheKindThatCame)
{
    Sink told(plugin_, path("told.mkv"), R"({"audio": true, "video": false})");
    Tone tone(1000, 48'000, 1);
    write_sound(told, tone, kBegin, 25);
    EXPECT_EQ(told.finish().status, JF_OK);
    EXPECT_EQ(probe(path("told.mkv"))["streams"].size(), 1U);
    Sink waited(plugin_, path("waited.mkv")); // pictures were to come, and did not
    write_sound(waited, tone, kBegin, 25);
    EXPECT_EQ(waited.finish().status, JF_OK);
    EXPECT_EQ(probe(path("waited.mkv"))["streams"].size(), 1U);
    Sink mute(plugin_, path("mute.webm"));
    write_pictures(mute, 64, 48, kBegin, 10);
    EXPECT_EQ(mute.finish().status, JF_OK);
    EXPECT_EQ(probe(path("mute.webm"))["streams"].size(), 1U);
    EXPECT_EQ(times_of(path("mute.webm"), "video").size(), 10U);
}

TEST_F(RecordingFile, PicturesThatComeSecondsLaterAreStillInIt)
{
    Sink sink(plugin_, path("call.mkv"));
    Tone tone(1000, 48'000, 1);
    write_sound(sink, tone, kBegin, 150);
    write_pictures(sink, 320, 180, kBegin + 3000 * kMs, 5);
    EXPECT_EQ(sink.finish().status, JF_OK);
    const auto times = times_of(path("call.mkv"), "video");
    ASSERT_EQ(times.size(), 5U);
    EXPECT_NEAR(times[0], 3.0, 0.002);
    EXPECT_EQ(decode_sound(path("call.mkv"), 48'000, 1).size(), 144'000U);
}

TEST_F(RecordingFile, PicturesOfOtherSizesAreFittedInWithoutBendingThem)
{
    Sink sink(plugin_, path("call.mkv"), R"({"audio": false})");
    write_pictures(sink, 320, 240, kBegin, 3);
    write_pictures(sink, 120, 240, kBegin + 200 * kMs, 3); // as tall, narrower: black at both sides
    write_pictures(sink, 640, 480, kBegin + 400 * kMs, 3);
    EXPECT_EQ(sink.finish().status, JF_OK);
    const auto pictures = decode_pictures(path("call.mkv"), 320, 240);
    ASSERT_EQ(pictures.size(), 9U);
    const auto line = [&](std::size_t number) { return pictures[number].data() + 120 * 320; };
    EXPECT_NEAR(line(0)[80], 200, 4);
    EXPECT_NEAR(line(4)[80], 16, 4);
    EXPECT_NEAR(line(4)[130], 200, 4);
    EXPECT_NEAR(line(4)[190], 16, 4);
    EXPECT_NEAR(line(8)[20], 200, 4);
    EXPECT_NEAR(line(8)[140], 200, 4);
}

TEST_F(RecordingFile, PicturesStandUpright)
{
    // Bright on the left; turned clockwise by 90 degrees, bright is above.
    const std::vector<std::tuple<std::uint32_t, std::size_t, std::size_t>> bright{
        {90, 32, 8}, {180, 48, 16}, {270, 32, 56}};
    for (const auto& [rotation, x, y] : bright) {
        const auto name = path(std::to_string(rotation) + ".mkv");
        Sink sink(plugin_, name, R"({"audio": false})");
        const Picture picture(64, 64);
        for (int i = 0; i < 3; ++i)
            EXPECT_EQ(sink.write(picture.frame(kBegin + i * 40 * kMs, rotation)), JF_OK);
        EXPECT_EQ(sink.finish().status, JF_OK);
        const auto got = decode_pictures(name, 64, 64).at(1);
        EXPECT_NEAR(got[y * 64 + x], 200, 6) << rotation;
        EXPECT_NEAR(got[(63 - y) * 64 + (63 - x)], 16, 6) << rotation;
    }
    Sink sink(plugin_, path("portrait.mkv"), R"({"audio": false})");
    EXPECT_EQ(sink.write(Picture(64, 48).frame(kBegin, 90)), JF_OK);
    EXPECT_EQ(sink.finish().status, JF_OK);
    EXPECT_EQ(stream_of(probe(path("portrait.mkv")), "video")["width"], 48);
}

TEST_F(RecordingFile, OddAndTinyPicturesAreRecorded)
{
    for (const auto& [width, height] :
         std::vector<std::pair<std::uint32_t, std::uint32_t>>{{33, 17}, {2, 2}, {161, 121}}) {
        for (const char* end : {".mkv", ".webm"}) {
            const auto name = path(std::to_string(width) + end);
            Sink sink(plugin_, name, R"({"audio": false})");
            write_pictures(sink, width, height, kBegin, 3);
            const auto outcome = sink.finish();
            EXPECT_EQ(outcome.status, JF_OK) << outcome.text;
            EXPECT_EQ(times_of(name, "video").size(), 3U) << name;
        }
    }
}

TEST_F(RecordingFile, SoundMayChangeItsRateAndChannels)
{
    Sink sink(plugin_, path("call.mkv"), R"({"video": false})");
    Tone narrow(500, 8000, 1);
    Tone wide(500, 48'000, 2);
    write_sound(sink, narrow, kBegin, 50);
    write_sound(sink, wide, kBegin + 1000 * kMs, 50);
    EXPECT_EQ(sink.finish().status, JF_OK);
    const auto both = decode_sound(path("call.mkv"), 48'000, 2);
    std::vector<float> sound; // the left of two
    for (std::size_t i = 0; i < both.size(); i += 2)
        sound.push_back(both[i]);
    EXPECT_NEAR(static_cast<double>(sound.size()), 96'000, 100);
    const std::vector<float> first(sound.begin() + 9600, sound.begin() + 38'400);
    const std::vector<float> second(sound.begin() + 57'600, sound.begin() + 86'400);
    EXPECT_GT(share_of_tone(first, 500, 48'000), 0.99);
    EXPECT_GT(share_of_tone(second, 500, 48'000), 0.99);
    EXPECT_NEAR(loudness(first), 0.5 / std::sqrt(2), 0.01);
    EXPECT_NEAR(loudness(second), 0.5 / std::sqrt(2), 0.01);
}

TEST_F(RecordingFile, GapsBecomeSilenceAndWhatComesTwiceIsNotKeptTwice)
{
    Sink sink(plugin_, path("call.mkv"), R"({"video": false})");
    Tone tone(1000, 48'000, 1);
    write_sound(sink, tone, kBegin, 25);
    write_sound(sink, tone, kBegin + 1000 * kMs, 25); // half a second is missing
    write_sound(sink, tone, kBegin + 1000 * kMs, 25); // these were there
    write_sound(sink, tone, kBegin + 1500 * kMs, 25);
    EXPECT_EQ(sink.finish().status, JF_OK);
    const auto sound = decode_sound(path("call.mkv"), 48'000, 1);
    EXPECT_NEAR(static_cast<double>(sound.size()), 96'000, 2000);
    EXPECT_EQ(loudness({sound.begin() + 26'000, sound.begin() + 46'000}), 0.0);
    EXPECT_GT(loudness({sound.begin() + 50'000, sound.begin() + 90'000}), 0.3);
}

TEST_F(RecordingFile, SamplesThatAreNoNumbersAreSilence)
{
    Sink sink(plugin_, path("call.mkv"), R"({"video": false})");
    Tone tone(1000, 48'000, 1);
    std::vector<float> bad(960, std::nanf(""));
    bad[1] = INFINITY;
    bad[2] = -7;
    for (int i = 0; i < 5; ++i) {
        auto frame = tone.next(kBegin + i * 20 * kMs);
        frame.samples = bad.data();
        EXPECT_EQ(sink.write(frame), JF_OK);
    }
    EXPECT_EQ(sink.finish().status, JF_OK);
    const auto sound = decode_sound(path("call.mkv"), 48'000, 1);
    EXPECT_EQ(sound.size(), 4800U);
    EXPECT_EQ(sound[100], 0.0F);
}

TEST_F(RecordingFile, TheNullSinkSwallowsEverything)
{
    Sink sink(plugin_, "null");
    write_pictures(sink, 64, 48, kBegin, 3);
    EXPECT_EQ(sink.finish().status, JF_OK);
    EXPECT_FALSE(std::filesystem::exists("null"));
}

} // namespace media_ffmpeg::testing
