// Files and the test picture as sources: what comes, in which form, and when.
//
// Threads: the test's is control. Lifetime: one plugin instance per test.

#include "source_under_test.hpp"
#include "test_files.hpp"
#include "tests/kernel/temporary_folder.hpp"

#include <algorithm>
#include <numeric>

namespace media_ffmpeg::testing {

namespace {

class MediaSource : public ::testing::Test {
protected:
    std::string file(const std::string& name, const std::string& arguments)
    {
        return make_file(folder_.path(), name, arguments);
    }

    /// All pictures of a file, unpaced.
    std::vector<Got> pictures_of(const std::string& name)
    {
        Source source(plugin_, name);
        source.start_pictures();
        EXPECT_TRUE(source.wait_for_end());
        EXPECT_EQ(source.ends.at(0).status, JF_OK) << source.ends.at(0).text;
        return source.pictures();
    }

    jackfield::test::TemporaryFolder folder_;
    SourcePlugin plugin_;
};

std::vector<std::int64_t> every(std::int64_t ms, std::size_t count)
{
    std::vector<std::int64_t> times(count);
    for (std::size_t i = 0; i < count; ++i)
        times[i] = static_cast<std::int64_t>(i) * ms;
    return times;
}

std::vector<std::int64_t> own_times(const std::vector<Got>& frames)
{
    return times_ms(frames, frames.empty() ? 0 : frames.front().frame.time_ns);
}

} // namespace

TEST_F(MediaSource, TheTestSourceIsWhatItsOptionsSay)
{
    SourcePlugin plugin(R"({"test_width_px": 320, "test_height_px": 180, "test_frame_rate": 10, "test_tone_hz": 700})");
    Source source(plugin, "test");
    const auto info = source.info();
    EXPECT_EQ(info.width_px, 320U);
    EXPECT_EQ(info.height_px, 180U);
    EXPECT_EQ(info.frame_rate_millihertz, 10'000U);
    EXPECT_EQ(info.duration_ns, 0);
    source.most = 25;
    source.start_sound();
    source.start_pictures();
    ASSERT_TRUE(source.wait_for(JF_VIDEO, 25));
    ASSERT_TRUE(source.wait_for(JF_AUDIO, 25));
    EXPECT_EQ(own_times(source.pictures()), every(100, 25));
    EXPECT_EQ(own_times(source.sound()), every(20, 25));
    EXPECT_EQ(source.pictures()[7].frame.width_px, 320U);
    EXPECT_NE(source.pictures()[0].luma, source.pictures()[1].luma);
    EXPECT_GT(share_of_tone(source.samples(), 700, 48'000), 0.99);
    EXPECT_NEAR(loudness(source.samples()), 0.5 / std::sqrt(2), 0.01);
}

TEST_F(MediaSource, ARealFilmGivesItsPicturesAndItsSoundInOneClock)
{
    Source source(plugin_, kFilm);
    const auto info = source.info();
    EXPECT_EQ(info.width_px, 1280U);
    EXPECT_EQ(info.height_px, 720U);
    EXPECT_EQ(info.frame_rate_millihertz, 20'000U);
    EXPECT_EQ(info.sample_rate_hz, 16'000U);
    EXPECT_EQ(info.channels, 1U);
    EXPECT_EQ(info.duration_ns, 14'000'000'000);
    source.most = 20;
    source.start_pictures();
    source.start_sound();
    ASSERT_TRUE(source.wait_for(JF_VIDEO, 20));
    ASSERT_TRUE(source.wait_for(JF_AUDIO, 20));
    const auto start = source.pictures()[0].frame.time_ns;
    EXPECT_EQ(times_ms(source.pictures(), start), every(50, 20));
    EXPECT_EQ(times_ms(source.sound(), start), every(20, 20));
    EXPECT_EQ(loudness(source.samples()), 0.0); // its sound track is digital silence
    EXPECT_EQ(source.sound()[3].frame.samples_per_channel, 960U);
}

TEST_F(MediaSource, SpeechKeepsItsLevelInTwoChannels)
{
    Source source(plugin_, kSpeech);
    source.start_sound(48'000, 2);
    ASSERT_TRUE(source.wait_for_end());
    const auto expected = decode_sound(file("copy.wav", std::string("-i ") + kSpeech), 48'000, 1);
    const auto heard = source.samples();
    EXPECT_NEAR(static_cast<double>(heard.size()) / 2, static_cast<double>(expected.size()), 100);
    EXPECT_NEAR(loudness(heard, 0, 2), loudness(expected), loudness(expected) * 0.02);
    EXPECT_EQ(loudness(heard, 0, 2), loudness(heard, 1, 2));
    EXPECT_GT(loudness(expected), 0.01);
}

TEST_F(MediaSource, ManyChannelsBecomeFewWithoutClipping)
{
    const std::string loud = "-f lavfi -i sine=f=1000:r=48000:d=0.3 -af volume=7.9 -c:a pcm_f32le -ac ";
    for (const int channels : {2, 6}) {
        // The same in each channel, just below full scale.
        const auto mono = file("mono.wav", loud + "1");
        const auto wide =
            file(std::to_string(channels) + ".wav",
                 "-i " + mono + " -af pan=" + std::to_string(channels) +
                     (channels == 2 ? "c|c0=c0|c1=c0" : "c|c0=c0|c1=c0|c2=c0|c3=c0|c4=c0|c5=c0") + " -c:a pcm_f32le");
        for (const std::uint32_t wanted : {1U, 2U}) {
            Source source(plugin_, wide);
            source.start_sound(48'000, wanted);
            ASSERT_TRUE(source.wait_for_end());
            float most = 0;
            for (const float sample : source.samples())
                most = std::max(most, std::abs(sample));
            EXPECT_LE(most, 1.0F) << channels << " to " << wanted;
            EXPECT_GT(most, 0.9F) << channels << " to " << wanted;
        }
    }
}

TEST_F(MediaSource, WhatIsNotAskedForStaysAsItIs)
{
    Source source(plugin_, file("stereo.wav", "-f lavfi -i sine=f=1000:r=22050:d=0.3 -ac 2"));
    source.start_sound(0, 0, 0);
    ASSERT_TRUE(source.wait_for_end());
    EXPECT_EQ(source.sound().at(0).frame.sample_rate_hz, 22'050U);
    EXPECT_EQ(source.sound().at(0).frame.channels, 2U);
    EXPECT_EQ(source.sound().at(0).frame.samples_per_channel, 441U);
}

TEST_F(MediaSource, NoFrameComesBeforeItIsDue)
{
    Source source(plugin_, file("film.mkv", film_arguments(0.8) + " -c:a pcm_s16le"), "{}");
    source.start_pictures();
    source.start_sound();
    ASSERT_TRUE(source.wait_for_end(2));
    const auto pictures = source.pictures();
    const auto sound = source.sound();
    ASSERT_EQ(pictures.size(), 20U);
    ASSERT_EQ(sound.size(), 40U);
    EXPECT_EQ(pictures[0].frame.time_ns, sound[0].frame.time_ns);
    for (const auto* frames : {&pictures, &sound}) {
        for (const auto& got : *frames)
            EXPECT_GE(got.came_ns, got.frame.time_ns);
    }
    EXPECT_GE(pictures.back().came_ns - pictures.front().frame.time_ns, 760'000'000);
}

TEST_F(MediaSource, EachKindEndsOnce)
{
    Source source(plugin_, file("film.mkv", film_arguments(0.2) + " -c:a pcm_s16le"));
    source.start_pictures();
    source.start_sound();
    ASSERT_TRUE(source.wait_for_end(2));
    plugin_.host().run_pending();
    ASSERT_EQ(source.ends.size(), 2U);
    EXPECT_NE(source.ends[0].kind, source.ends[1].kind);
    EXPECT_EQ(source.ends[0].status, JF_OK);
    EXPECT_EQ(source.ends[1].status, JF_OK);
    EXPECT_EQ(source.pictures().size(), 5U);
    EXPECT_EQ(source.sound().size(), 10U);
}

TEST_F(MediaSource, AFileWithOneKindHasNotTheOther)
{
    Source mute(plugin_, file("mute.mp4", "-f lavfi -i testsrc2=s=64x48:d=0.2"));
    EXPECT_EQ(mute.info().has_audio, 0U);
    EXPECT_EQ(mute.info().has_video, 1U);
    EXPECT_EQ(failure_of([&] { mute.start_sound(); }).status(), JF_NOT_FOUND);
    Source blind(plugin_, kSpeech);
    EXPECT_EQ(blind.info().has_video, 0U);
    EXPECT_EQ(failure_of([&] { blind.start_pictures(); }).status(), JF_NOT_FOUND);
    EXPECT_EQ(failure_of([&] { blind.start({sizeof(jf_source_format), 7, 0, 0, 0, 0, 0, 0}); }).status(), JF_BAD_INPUT);
    blind.start_sound();
    EXPECT_EQ(failure_of([&] { blind.start_sound(); }).status(), JF_BUSY);
}

TEST_F(MediaSource, CoverArtIsNoFilm)
{
    const auto still = file("still.png", "-f lavfi -i testsrc2=s=64x48 -frames:v 1");
    Source song(plugin_,
                file("song.mp3", "-f lavfi -i sine=d=0.3 -i " + still + " -map 0 -map 1 -disposition:v attached_pic"));
    EXPECT_EQ(song.info().has_audio, 1U);
    EXPECT_EQ(song.info().has_video, 0U);
    EXPECT_EQ(pictures_of(still).size(), 1U);
}

TEST_F(MediaSource, ALoopedFileBeginsAgainWithSoundAndPictureTogether)
{
    // The sound is shorter than the picture.
    const auto name = file("film.mkv", "-f lavfi -i testsrc2=s=64x48:r=25:d=0.4 -f lavfi -i sine=f=1000:r=48000:d=0.3 "
                                       "-pix_fmt yuv420p -c:a pcm_s16le");
    Source source(plugin_, name, R"({"realtime": false, "loop": true})");
    source.most = 45;
    source.start_pictures();
    source.start_sound();
    ASSERT_TRUE(source.wait_for(JF_VIDEO, 45));
    ASSERT_TRUE(source.wait_for(JF_AUDIO, 45));
    const auto pictures = source.pictures();
    const auto start = pictures[0].frame.time_ns;
    EXPECT_EQ(times_ms(pictures, start), every(40, 45));
    EXPECT_EQ(pictures[0].luma, pictures[10].luma);
    EXPECT_NE(pictures[0].luma, pictures[9].luma);
    const auto heard = times_ms(source.sound(), start);
    EXPECT_EQ(heard[14], 280);
    EXPECT_EQ(heard[15], 400);
    EXPECT_EQ(heard[30], 800);
    EXPECT_TRUE(source.ends.empty());
}

TEST_F(MediaSource, TheConfigurationCanLoopEverything)
{
    SourcePlugin plugin(R"({"loop": true})");
    Source source(plugin, kMovingStill);
    source.most = 40; // it has 36
    source.start_pictures(64, 64);
    ASSERT_TRUE(source.wait_for(JF_VIDEO, 40));
    EXPECT_EQ(source.pictures()[0].luma, source.pictures()[36].luma);
    EXPECT_NE(source.pictures()[0].luma, source.pictures()[9].luma);
}

TEST_F(MediaSource, AFileWhoseClockBeginsLateBeginsAtOnce)
{
    const auto name = file("late.ts", film_arguments(0.4) + " -c:a mp2 -output_ts_offset 3000");
    Source source(plugin_, name);
    source.start_pictures();
    source.start_sound();
    ASSERT_TRUE(source.wait_for_end(2));
    const auto first = std::min(source.pictures()[0].frame.time_ns, source.sound()[0].frame.time_ns);
    EXPECT_LT(source.pictures().back().frame.time_ns - first, 1'000'000'000);
    EXPECT_EQ(own_times(source.pictures()), every(40, 10));
}

TEST_F(MediaSource, SoundThatBeginsLaterStaysLater)
{
    const auto name = file(
        "film.mkv",
        "-f lavfi -i testsrc2=s=64x48:r=25:d=1 -itsoffset 0.5 -f lavfi -i sine=d=0.3 -pix_fmt yuv420p -c:a pcm_s16le");
    Source source(plugin_, name);
    source.start_pictures();
    source.start_sound();
    ASSERT_TRUE(source.wait_for_end(2));
    EXPECT_NEAR(static_cast<double>(source.sound()[0].frame.time_ns - source.pictures()[0].frame.time_ns) / 1e6, 500,
                25);
}

TEST_F(MediaSource, GapsAreKept)
{
    const auto name = file(
        "gap.mkv",
        "-f lavfi -i testsrc2=s=64x48:r=10:d=3 -vf select='lt(n,3)+gte(n,25)' -fps_mode passthrough -pix_fmt yuv420p");
    EXPECT_EQ(own_times(pictures_of(name)), (std::vector<std::int64_t>{0, 100, 200, 2500, 2600, 2700, 2800, 2900}));
}

TEST_F(MediaSource, PicturesThatWereStoredOutOfOrderComeInOrder)
{
    const auto name =
        file("b.mp4", "-f lavfi -i testsrc2=s=160x120:r=25:d=1 -pix_fmt yuv420p -c:v libx264 -bf 3 -b_strategy 0");
    const auto pictures = pictures_of(name);
    EXPECT_EQ(own_times(pictures), every(40, 25));
    EXPECT_EQ(probe(name)["streams"][0]["has_b_frames"], 2);
}

TEST_F(MediaSource, AStreamWithoutTimesIsTimedByItsRate)
{
    const auto pictures =
        pictures_of(file("raw.h264", "-f lavfi -i testsrc2=s=64x48:r=25:d=0.6 -pix_fmt yuv420p -c:v libx264 -bf 0"));
    EXPECT_EQ(own_times(pictures), every(40, 15));
}

TEST_F(MediaSource, PicturesAreUprightSquareAndEven)
{
    const auto size = [this](const std::string& name) {
        Source source(plugin_, name);
        const auto info = source.info();
        source.start_pictures();
        EXPECT_TRUE(source.wait_for_end());
        const auto frame = source.pictures().at(0).frame;
        EXPECT_EQ(info.width_px, frame.width_px);
        EXPECT_EQ(info.height_px, frame.height_px);
        return std::pair(frame.width_px, frame.height_px);
    };
    using Size = std::pair<std::uint32_t, std::uint32_t>;
    EXPECT_EQ(size(file("odd.mkv", "-f lavfi -i testsrc2=s=161x121:d=0.1 -c:v ffv1")), Size(160, 120));
    EXPECT_EQ(size(file("tiny.mkv", "-f lavfi -i testsrc2=s=2x8:d=0.1 -c:v ffv1")), Size(16, 64));
    EXPECT_EQ(size(file("wide.mkv", "-f lavfi -i testsrc2=s=160x120:d=0.1,setsar=3/2 -c:v ffv1")), Size(240, 120));
    const auto lying = file("lying.mp4", "-f lavfi -i testsrc2=s=160x120:d=0.1 -pix_fmt yuv420p");
    EXPECT_EQ(size(file("phone.mp4", "-i " + lying + " -c copy -metadata:s:v rotate=90")), Size(120, 160));
}

TEST_F(MediaSource, APictureThatLiesIsTurnedAsItsFileSays)
{
    // White above, black below; the file says to turn it to the left, as ffmpeg and ffplay do.
    const auto lying =
        file("lying.mp4", "-f lavfi -i color=white:s=64x64:d=0.1 -vf drawbox=y=32:c=black:t=fill -pix_fmt yuv420p");
    const auto pictures = pictures_of(file("phone.mp4", "-i " + lying + " -c copy -metadata:s:v rotate=90"));
    EXPECT_LT(pictures.at(0).luma[32 * 64 + 56], 32);
    EXPECT_GT(pictures.at(0).luma[32 * 64 + 8], 220);
}

TEST_F(MediaSource, FullRangeBecomesLimited)
{
    const auto pictures = pictures_of(
        file("full.mkv", "-f lavfi -i color=black:s=64x64:d=0.1 -vf scale=out_range=pc,format=yuvj420p -c:v mjpeg"));
    EXPECT_NEAR(pictures.at(0).luma[100], 16, 1);
}

TEST_F(MediaSource, ARateThatNoEncoderBelievesIsNotTold)
{
    Source source(plugin_, file("clock.mkv", "-f lavfi -i testsrc2=s=64x48:r=1000:d=0.05 -c:v ffv1"));
    EXPECT_EQ(source.info().frame_rate_millihertz, 30'000U);
}

TEST_F(MediaSource, IsMadeSmallerAndSlowerIfAsked)
{
    Source source(plugin_, file("film.mkv", "-f lavfi -i testsrc2=s=320x180:r=30:d=1 -pix_fmt yuv420p"));
    source.start_pictures(100, 100, 10'000);
    ASSERT_TRUE(source.wait_for_end());
    const auto pictures = source.pictures();
    EXPECT_EQ(pictures.size(), 10U);
    EXPECT_EQ(pictures.at(0).frame.width_px, 100U);
    EXPECT_EQ(pictures.at(0).frame.height_px, 56U);
    for (const auto time : own_times(pictures))
        EXPECT_EQ(time % 100, 0);
}

TEST_F(MediaSource, AFileMayChangeItsSizeAndItsSound)
{
    const auto small = file("small.ts", film_arguments(0.4, "64x48") + " -ac 1 -ar 48000 -c:a mp2");
    const auto large = file("large.ts", film_arguments(0.4, "128x96") + " -ac 2 -ar 44100 -c:a mp2");
    const auto both = (folder_.path() / "both.ts").string();
    write_bytes(both, read_bytes(small) + read_bytes(large));
    Source source(plugin_, both);
    source.start_pictures();
    source.start_sound();
    ASSERT_TRUE(source.wait_for_end(2));
    EXPECT_EQ(source.ends[0].status, JF_OK) << source.ends[0].text;
    EXPECT_EQ(source.ends[1].status, JF_OK) << source.ends[1].text;
    const auto pictures = source.pictures();
    ASSERT_EQ(pictures.size(), times_of(both, "video").size()); // the decoder forgets one at the seam
    EXPECT_EQ(pictures[8].frame.width_px, 64U);
    EXPECT_EQ(pictures[9].frame.width_px, 128U);
    EXPECT_TRUE(std::ranges::is_sorted(own_times(pictures)));
    EXPECT_LT(own_times(pictures).back(), 1500);
    EXPECT_NEAR(static_cast<double>(source.samples().size()), 0.8 * 48'000, 5000);
}

TEST_F(MediaSource, NothingComesAfterRelease)
{
    for (int frames = 0; frames < 4; ++frames) {
        Source source(plugin_, "test", "{}");
        if (frames > 0) {
            source.start_sound();
            source.start_pictures();
            ASSERT_TRUE(source.wait_for(JF_AUDIO, static_cast<std::size_t>(frames)));
        }
        source.release();
        const auto count = source.sound().size() + source.pictures().size();
        plugin_.host().run_pending();
        EXPECT_EQ(source.sound().size() + source.pictures().size(), count);
        EXPECT_TRUE(source.ends.empty());
    }
}

TEST_F(MediaSource, WhatCannotBeOpenedSaysWhatWouldWork)
{
    const auto text = [this](const std::string& name, Status status) {
        const auto failure = failure_of([&] { const Source source(plugin_, name); });
        EXPECT_EQ(failure.status(), status) << name;
        return std::string(failure.what());
    };
    EXPECT_EQ(text("/no/such.mp4", JF_NOT_FOUND),
              "\"/no/such.mp4\": no such file; looked from the working folder; the path of a media file, or \"test\", "
              "would work");
    EXPECT_EQ(text("/dev/zero", JF_BAD_INPUT),
              "\"/dev/zero\": not an ordinary file; a media file, or \"test\", would work");
    text(folder_.path().string(), JF_BAD_INPUT);
    const auto pipe = (folder_.path() / "pipe").string();
    ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
    text(pipe, JF_BAD_INPUT); // and did not wait for a writer
    text(folder_.write("empty.mp4", "").string(), JF_BAD_INPUT);
    const auto words = text(folder_.write("words.txt", "these are words").string(), JF_BAD_INPUT);
    EXPECT_NE(words.find("cannot be read as media"), std::string::npos) << words;
    EXPECT_NE(words.find("a file that ffprobe understands would work"), std::string::npos) << words;
    const auto longer = text("/no/" + std::string(300, 'x') + ".mp4", JF_NOT_FOUND);
    EXPECT_NE(longer.find("would work"), std::string::npos) << longer;
}

TEST_F(MediaSource, APlaylistLeadsNowhere)
{
    const auto secret = file("secret.wav", "-f lavfi -i sine=d=0.2");
    const auto refused = [this](const std::string& name, const std::string& content) {
        const auto failure = failure_of([&] { const Source source(plugin_, folder_.write(name, content).string()); });
        EXPECT_EQ(failure.status(), JF_BAD_INPUT) << name;
    };
    refused("list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n" + secret + "\n#EXT-X-ENDLIST\n");
    refused("list.ffconcat", "ffconcat version 1.0\nfile '" + secret + "'\n");
    refused("call.sdp", "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 4000 RTP/AVP 0\n");
}

} // namespace media_ffmpeg::testing
