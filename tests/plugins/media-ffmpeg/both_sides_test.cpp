// Recordings of both sides: two pitches, one for each side, found again in the file by decoding it.
//
// Threads: the test's is control; in one test four others write, as in a call. Lifetime: one plugin instance per test.

#include "limiter.hpp"
#include "sink_under_test.hpp"
#include "test_files.hpp"
#include "tests/kernel/temporary_folder.hpp"

#include <algorithm>
#include <thread>

namespace media_ffmpeg::testing {

namespace {

constexpr double kPeerHz = 1000;
constexpr double kOwnHz = 1700;
constexpr const char* kSound = R"({"audio": true, "video": false, "own_audio": true})";
constexpr const char* kAll = R"({"audio": true, "video": true, "own_audio": true, "own_video": true})";
constexpr const char* kTracks = R"({"record_sides": "tracks"})";

/// What one side says, in milliseconds of the recording.
struct Talk {
    int from_ms = 0;
    int to_ms = 0;
};

class BothSides : public ::testing::Test {
protected:
    std::string path(const std::string& name) const { return (folder_.path() / name).string(); }

    /// Frames of both sides in the order of a call: the peer's come 60 ms ahead of their time, ours 20 ms behind it.
    void record(const std::string& file, Talk peer, Talk own, const std::string& config = "{}",
                const std::vector<Talk>& muted = {})
    {
        SinkPlugin plugin(config);
        Sink sink(plugin, path(file), kSound);
        Tone theirs(kPeerHz, 48'000, 1);
        Tone ours(kOwnHz, 16'000, 2);
        const std::vector<float> silence(640);
        for (int now_ms = -60; now_ms < std::max(peer.to_ms, own.to_ms) + 20; now_ms += 20) {
            const int play_ms = now_ms + 60;
            if (play_ms >= peer.from_ms && play_ms < peer.to_ms) {
                EXPECT_EQ(sink.write(theirs.next(kBegin + play_ms * kMs)), JF_OK);
            }
            const int capture_ms = now_ms - 20;
            if (capture_ms < own.from_ms || capture_ms >= own.to_ms)
                continue;
            auto frame = ours.next(kBegin + capture_ms * kMs);
            for (const auto& part : muted)
                frame.samples = capture_ms >= part.from_ms && capture_ms < part.to_ms ? silence.data() : frame.samples;
            EXPECT_EQ(sink.write_own(frame), JF_OK);
        }
        const auto outcome = sink.finish();
        EXPECT_EQ(outcome.status, JF_OK) << outcome.text;
    }

    jackfield::test::TemporaryFolder folder_;
};

/// One of the two channels, which are the same.
std::vector<float> left_of(const std::string& file, int track = 0)
{
    const auto both = decode_sound(file, 48'000, 2, track);
    std::vector<float> left;
    for (std::size_t i = 0; i < both.size(); i += 2)
        left.push_back(both[i]);
    return left;
}

/// How loud that pitch is in that part of a sound of one channel at 48 kHz; the tone of one side has 0.354.
double loudness_of(const std::vector<float>& sound, double hertz, int from_ms, int to_ms)
{
    const std::vector<float> part(sound.begin() + from_ms * 48, sound.begin() + to_ms * 48);
    return loudness(part) * std::sqrt(share_of_tone(part, hertz, 48'000));
}

const double kTone = 0.5 / std::sqrt(2);

std::vector<nlohmann::json> streams_of(const nlohmann::json& probed, const std::string& type)
{
    std::vector<nlohmann::json> streams;
    for (const auto& stream : probed["streams"]) {
        if (stream["codec_type"] == type)
            streams.push_back(stream);
    }
    return streams;
}

std::string title_of(const nlohmann::json& stream)
{
    return stream.value("tags", nlohmann::json::object()).value("title", "");
}

} // namespace

TEST_F(BothSides, AreMixedIntoOneTrackEachAtItsTime)
{
    for (const char* file : {"call.mkv", "call.webm"}) {
        record(file, {0, 2000}, {1000, 3000});
        EXPECT_EQ(streams_of(probe(path(file)), "audio").size(), 1U);
        const auto sound = left_of(path(file));
        EXPECT_NEAR(static_cast<double>(sound.size()), 144'000, 1000) << file;
        const double tolerance = 0.02;
        EXPECT_NEAR(loudness_of(sound, kPeerHz, 100, 900), kTone, tolerance) << file;
        EXPECT_NEAR(loudness_of(sound, kOwnHz, 100, 900), 0, tolerance) << file;
        EXPECT_NEAR(loudness_of(sound, kPeerHz, 1100, 1900), kTone, tolerance) << file;
        EXPECT_NEAR(loudness_of(sound, kOwnHz, 1100, 1900), kTone, tolerance) << file;
        EXPECT_NEAR(loudness_of(sound, kPeerHz, 2100, 2900), 0, tolerance) << file;
        EXPECT_NEAR(loudness_of(sound, kOwnHz, 2100, 2900), kTone, tolerance) << file;
    }
}

TEST_F(BothSides, BeginAndEndToTheMillisecond)
{
    record("call.mkv", {0, 1000}, {530, 1500});
    const auto sound = left_of(path("call.mkv"));
    EXPECT_NEAR(loudness_of(sound, kOwnHz, 500, 530), 0, 0.01);
    EXPECT_NEAR(loudness_of(sound, kOwnHz, 540, 570), kTone, 0.03);
    EXPECT_NEAR(loudness_of(sound, kPeerHz, 970, 998), kTone, 0.03);
    EXPECT_NEAR(loudness_of(sound, kPeerHz, 1002, 1030), 0, 0.01);
}

TEST_F(BothSides, AreTracksOfTheirOwnIfAskedFor)
{
    record("call.mkv", {0, 2000}, {1000, 3000}, kTracks);
    const auto tracks = streams_of(probe(path("call.mkv")), "audio");
    ASSERT_EQ(tracks.size(), 2U);
    EXPECT_EQ(title_of(tracks[0]), "peer");
    EXPECT_EQ(tracks[0]["disposition"]["default"], 1);
    EXPECT_EQ(title_of(tracks[1]), "ours");
    EXPECT_EQ(tracks[1]["disposition"]["default"], 0);
    const auto theirs = left_of(path("call.mkv"), 0);
    const auto ours = left_of(path("call.mkv"), 1);
    EXPECT_NEAR(loudness_of(theirs, kPeerHz, 0, 2000), kTone, 0.01);
    EXPECT_NEAR(loudness_of(theirs, kOwnHz, 0, 2000), 0, 0.01);
    EXPECT_EQ(loudness({ours.begin(), ours.begin() + 47'000}), 0.0);
    EXPECT_NEAR(loudness_of(ours, kOwnHz, 1100, 2900), kTone, 0.01);
    EXPECT_NEAR(loudness_of(ours, kPeerHz, 1100, 2900), 0, 0.01);
}

TEST_F(BothSides, OneMayBeSilentForLongWithoutHoldingUpTheOther)
{
    record("ours.mkv", {0, 40}, {0, 6000});
    record("theirs.mkv", {0, 6000}, {0, 40});
    const auto ours = left_of(path("ours.mkv"));
    const auto theirs = left_of(path("theirs.mkv"));
    EXPECT_EQ(ours.size(), 6 * 48'000U);
    EXPECT_EQ(theirs.size(), 6 * 48'000U);
    EXPECT_NEAR(loudness_of(ours, kOwnHz, 100, 5900), kTone, 0.01);
    EXPECT_NEAR(loudness_of(theirs, kPeerHz, 100, 5900), kTone, 0.01);
}

TEST_F(BothSides, OneThatComesBackAfterSilenceIsAtItsTimeAgain)
{
    SinkPlugin plugin;
    Sink sink(plugin, path("call.mkv"), kSound);
    Tone theirs(kPeerHz, 48'000, 1);
    Tone ours(kOwnHz, 48'000, 1);
    for (int ms = 0; ms < 6000; ms += 20) {
        EXPECT_EQ(sink.write(theirs.next(kBegin + ms * kMs)), JF_OK);
        if (ms < 1000 || ms >= 5000) { // on hold meanwhile
            EXPECT_EQ(sink.write_own(ours.next(kBegin + ms * kMs)), JF_OK);
        }
    }
    EXPECT_EQ(sink.finish().status, JF_OK);
    const auto sound = left_of(path("call.mkv"));
    EXPECT_EQ(sound.size(), 6 * 48'000U);
    EXPECT_NEAR(loudness_of(sound, kOwnHz, 0, 990), kTone, 0.01);
    EXPECT_NEAR(loudness_of(sound, kOwnHz, 1010, 4990), 0, 0.01);
    EXPECT_NEAR(loudness_of(sound, kOwnHz, 5010, 5990), kTone, 0.01);
    EXPECT_NEAR(loudness_of(sound, kPeerHz, 0, 6000), kTone, 0.01);
}

TEST_F(BothSides, WhatIsMutedIsSilent)
{
    record("call.mkv", {0, 3000}, {0, 3000}, "{}", {{1000, 2000}});
    const auto sound = left_of(path("call.mkv"));
    EXPECT_NEAR(loudness_of(sound, kOwnHz, 0, 980), kTone, 0.02);
    EXPECT_NEAR(loudness_of(sound, kOwnHz, 1020, 1980), 0, 0.01);
    EXPECT_NEAR(loudness_of(sound, kOwnHz, 2020, 2980), kTone, 0.02);
    EXPECT_NEAR(loudness_of(sound, kPeerHz, 1020, 1980), kTone, 0.01);
}

TEST_F(BothSides, AreLoudAtOnceWithoutClipping)
{
    SinkPlugin plugin;
    Sink sink(plugin, path("call.mkv"), kSound);
    Tone theirs(kPeerHz, 48'000, 1);
    Tone ours(kOwnHz, 48'000, 1);
    for (int ms = 0; ms < 2000; ms += 20) {
        std::vector<float> loud[2];
        for (const bool own : {false, true}) {
            jf_frame frame = (own ? ours : theirs).next(kBegin + ms * kMs);
            for (std::size_t i = 0; i < 960; ++i)
                loud[own].push_back(2 * frame.samples[i]); // full scale
            frame.samples = loud[own].data();
            EXPECT_EQ(own ? sink.write_own(frame) : sink.write(frame), JF_OK);
        }
    }
    EXPECT_EQ(sink.finish().status, JF_OK);
    const auto sound = left_of(path("call.mkv"));
    const double theirs_left = loudness_of(sound, kPeerHz, 100, 1900);
    const double ours_left = loudness_of(sound, kOwnHz, 100, 1900);
    EXPECT_NEAR(theirs_left, kTone, 0.03); // turned down by half, both the same
    EXPECT_NEAR(ours_left, kTone, 0.03);
    const double all = loudness({sound.begin() + 4800, sound.begin() + 91'200});
    EXPECT_GT((theirs_left * theirs_left + ours_left * ours_left) / (all * all), 0.99); // of nothing but the two tones
}

TEST_F(BothSides, PicturesAreTwoTracksThePeersFirst)
{
    SinkPlugin plugin;
    Sink sink(plugin, path("call.mkv"), kAll);
    std::thread their_sound([&] {
        Tone tone(kPeerHz, 48'000, 1);
        write_sound(sink, tone, kBegin, 100);
    });
    std::thread our_sound([&] {
        Tone tone(kOwnHz, 48'000, 1);
        for (int i = 0; i < 100; ++i)
            EXPECT_EQ(sink.write_own(tone.next(kBegin + i * 20 * kMs)), JF_OK);
    });
    std::thread our_pictures([&] {
        for (int i = 0; i < 40; ++i)
            EXPECT_EQ(sink.write_own(Picture(160, 120, 120).frame(kBegin + (20 + i * 50) * kMs)), JF_OK);
    });
    write_pictures(sink, 320, 240, kBegin + 10 * kMs, 50);
    for (auto* thread : {&their_sound, &our_sound, &our_pictures})
        thread->join();
    EXPECT_EQ(sink.finish().status, JF_OK);
    const auto probed = probe(path("call.mkv"), true);
    const auto tracks = streams_of(probed, "video");
    ASSERT_EQ(tracks.size(), 2U);
    EXPECT_EQ(streams_of(probed, "audio").size(), 1U);
    EXPECT_EQ(title_of(tracks[0]), "peer");
    EXPECT_EQ(tracks[0]["disposition"]["default"], 1);
    EXPECT_EQ(tracks[0]["width"], 320);
    EXPECT_EQ(title_of(tracks[1]), "ours");
    EXPECT_EQ(tracks[1]["disposition"]["default"], 0);
    EXPECT_EQ(tracks[1]["width"], 160);
    std::vector<std::vector<double>> times(2);
    for (const auto& frame : probed["frames"]) {
        if (frame["media_type"] == "video")
            times[frame["stream_index"] == tracks[1]["index"]].push_back(
                std::stod(frame["pts_time"].get<std::string>()));
    }
    ASSERT_EQ(times[0].size(), 50U);
    ASSERT_EQ(times[1].size(), 40U);
    EXPECT_NEAR(times[0][49], 1.970, 0.0015);
    EXPECT_NEAR(times[1][39], 1.970, 0.0015);
    EXPECT_NEAR(decode_pictures(path("call.mkv"), 320, 240, 0).at(30)[120 * 320 + 80], 200, 3);
    EXPECT_NEAR(decode_pictures(path("call.mkv"), 160, 120, 1).at(30)[60 * 160 + 40], 120, 3);
}

TEST_F(BothSides, FramesOfOursThatWereNotToComeAreNotTaken)
{
    SinkPlugin plugin;
    Sink sink(plugin, path("call.mkv"), R"({"own_audio": true})");
    Tone tone(kOwnHz, 48'000, 1);
    EXPECT_EQ(sink.write_own(tone.next(kBegin)), JF_OK);
    EXPECT_EQ(sink.write_own(Picture(64, 48).frame(kBegin)), JF_BAD_INPUT);
    EXPECT_EQ(sink.finish().status, JF_OK);
    EXPECT_EQ(probe(path("call.mkv"))["streams"].size(), 1U); // nothing came of the peer
}

TEST_F(BothSides, GivenUpTheyPlayUpToTheLastSecondOfTheOneThatSpoke)
{
    for (const char* config : {"{}", kTracks}) {
        SinkPlugin plugin(config);
        const auto file = path(std::string(config == kTracks ? "tracks" : "mixed") + ".mkv");
        Sink sink(plugin, file, kSound);
        Tone theirs(kPeerHz, 48'000, 1);
        Tone ours(kOwnHz, 48'000, 1);
        for (int ms = 0; ms < 12'000; ms += 20) {
            EXPECT_EQ(sink.write_own(ours.next(kBegin + ms * kMs)), JF_OK);
            if (ms < 100) {
                EXPECT_EQ(sink.write(theirs.next(kBegin + ms * kMs)), JF_OK);
            }
        }
        sink.release(); // as a killed process leaves it
        plugin.destroy();
        const auto sound = left_of(file, config == kTracks ? 1 : 0);
        EXPECT_GT(sound.size(), 7 * 48'000U);
        EXPECT_NEAR(loudness_of(sound, kOwnHz, 200, 6900), kTone, 0.01);
    }
}

TEST(Limiter, TouchesNothingWithinFullScaleAndLetsNothingOutOfIt)
{
    Limiter limiter;
    std::vector<float> in(48'000);
    for (std::size_t i = 0; i < in.size(); ++i)
        in[i] = static_cast<float>(std::sin(static_cast<double>(i) / 20)) *
                std::clamp(static_cast<float>(i) / 20'000.0F, 1.0F, 2.0F);
    in[47'000] = std::nanf("");
    std::vector<float> out;
    for (std::size_t at = 0; at < in.size(); at += 1920)
        limiter.add({in.begin() + static_cast<std::ptrdiff_t>(at), in.begin() + static_cast<std::ptrdiff_t>(at + 1920)},
                    out);
    EXPECT_LT(in.size() - out.size(), 960U);
    limiter.flush(out);
    ASSERT_EQ(out.size(), in.size());
    for (std::size_t i = 0; i < 19'000; ++i)
        ASSERT_EQ(out[i], in[i]) << i;
    for (std::size_t i = 2; i < out.size(); ++i) {
        ASSERT_LE(std::abs(out[i]), 1.0F) << i;
        if (i < 46'900) {
            ASSERT_LT(std::abs(out[i] - out[i - 2]), 0.12F)
                << i; // no edges: the tone itself has 0.1 from sample to sample
        }
    }
    EXPECT_EQ(out[47'000], 0.0F);
}

} // namespace media_ffmpeg::testing
