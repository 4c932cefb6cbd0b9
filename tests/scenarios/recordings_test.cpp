// Recordings of whole calls that end in other ways than by hanging up.

#include "world.hpp"

#include "tests/plugins/media-ffmpeg/test_files.hpp"

#include <gtest/gtest.h>

#include <csignal>

namespace {

using namespace scenarios;
using media_ffmpeg::testing::probe;
using media_ffmpeg::testing::times_of;

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

} // namespace
