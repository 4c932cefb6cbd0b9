// Recordings of whole calls that end in other ways than by hanging up.

#include "world.hpp"

#include "tests/plugins/media-ffmpeg/test_files.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <csignal>

namespace {

using namespace scenarios;
using media_ffmpeg::testing::probe;
using media_ffmpeg::testing::times_of;

constexpr double kTone = 0.3536; // how loud the test tone is, at half of full scale

/// Both kinds are there, and it is complete: only a completed file knows its length.
void expect_playable(const std::string& file)
{
    const auto probed = probe(file);
    ASSERT_EQ(probed["streams"].size(), 2U) << file << probed;
    ASSERT_TRUE(probed["format"].contains("duration")) << file << probed;
    EXPECT_GT(std::stod(probed["format"]["duration"].get<std::string>()), 0.0) << file;
    EXPECT_FALSE(times_of(file, "audio").empty()) << file;
    EXPECT_FALSE(times_of(file, "video").empty()) << file;
}

TEST(Recording, IsCompleteOnBothSidesWhenOneGetsSigterm)
{
    World world;
    world.configure("alice");
    world.configure("bob");
    const auto bob_file = (world.folder() / "bob.mkv").string();
    const auto alice_file = (world.folder() / "alice.webm").string();
    const auto bob = world.listen("bob", {"--answer", "--once", "--send", "test", "--record", bob_file});
    const auto alice = world.call("alice", world.account("bob"), {"--send", "test", "--record", alice_file});
    ASSERT_FALSE(alice->event("media", "progress", "first_video").is_null());
    ASSERT_FALSE(bob->event("media", "progress", "first_video").is_null());
    ASSERT_FALSE(alice->event("media", "progress", "first_audio").is_null());
    ASSERT_FALSE(bob->event("media", "progress", "first_audio").is_null());
    ::kill(alice->pid(), SIGTERM);
    EXPECT_FALSE(alice->call_end().is_null());
    EXPECT_FALSE(bob->call_end().is_null());
    alice->exit_code();
    EXPECT_EQ(bob->exit_code(), 0);
    expect_playable(bob_file);
    expect_playable(alice_file);
}

/// How loud that pitch is in a second of the track, from there on.
double loudness_of(const std::vector<float>& both_channels, double hertz, double from_s)
{
    const auto first = static_cast<std::ptrdiff_t>(from_s * 48'000) * 2;
    const std::vector<float> second(both_channels.begin() + first, both_channels.begin() + first + 2 * 48'000);
    return media_ffmpeg::testing::loudness(second, 0, 2) *
           std::sqrt(media_ffmpeg::testing::share_of_tone(second, hertz, 48'000, 0, 2));
}

double length_of(const std::vector<float>& both_channels)
{
    return static_cast<double>(both_channels.size()) / 2 / 48'000;
}

TEST(Recording, OfBothSidesHoldsBothVoicesAndBothPictures)
{
    using media_ffmpeg::testing::decode_sound;
    World world;
    world.configure("alice");
    world.configure("bob");
    world.change("bob", [](Json& config) {
        config["slots"]["media_source"]["config"] = {
            {"test_tone_hz", 1000}, {"test_width_px", 320}, {"test_height_px", 240}};
        config["slots"]["media_sink"]["config"] = {{"record_sides", "tracks"}};
    });
    const auto bob_file = (world.folder() / "bob.mkv").string();
    const auto alice_file = (world.folder() / "alice.mkv").string();
    const auto bob =
        world.listen("bob", {"--answer", "--once", "--send", "test", "--record", bob_file, "--both-sides"});
    const auto alice = world.call("alice", world.account("bob"),
                                  {"--send", "test", "--record", alice_file, "--both-sides", "--for", "4"});
    EXPECT_EQ(alice->exit_code(), 0);
    EXPECT_EQ(bob->exit_code(), 0);

    ASSERT_EQ(probe(alice_file)["streams"].size(), 3U) << probe(alice_file);
    const auto mixed = decode_sound(alice_file, 48'000, 2);
    EXPECT_NEAR(length_of(mixed), 4.0, 0.5);
    EXPECT_NEAR(loudness_of(mixed, 440, 1.5), kTone, 0.02);
    EXPECT_NEAR(loudness_of(mixed, 1000, 1.5), kTone, 0.03); // as Opus left it
    EXPECT_EQ(probe(alice_file)["streams"][0]["width"], 320);
    EXPECT_EQ(probe(alice_file)["streams"][1]["width"], 640);

    ASSERT_EQ(probe(bob_file)["streams"].size(), 4U) << probe(bob_file);
    const auto hers = decode_sound(bob_file, 48'000, 2, 0);
    const auto his = decode_sound(bob_file, 48'000, 2, 1);
    EXPECT_NEAR(loudness_of(hers, 440, 1.5), kTone, 0.03);
    EXPECT_NEAR(loudness_of(hers, 1000, 1.5), 0.0, 0.01);
    EXPECT_NEAR(loudness_of(his, 1000, 1.5), kTone, 0.02);
    EXPECT_NEAR(loudness_of(his, 440, 1.5), 0.0, 0.01);
    EXPECT_EQ(probe(bob_file)["streams"][0]["width"], 640);
    EXPECT_EQ(probe(bob_file)["streams"][1]["width"], 320);
}

} // namespace
