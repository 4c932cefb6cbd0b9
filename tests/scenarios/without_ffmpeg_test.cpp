// Calls between processes that have nothing of FFmpeg: each codec by its own library, a test picture and tone that need
// none, frames that are swallowed.

#include "world.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <set>

namespace {

using namespace scenarios;

/// The file names of what is mapped into a running process: "libopus.so.0", "codec-opus.so".
std::set<std::string> libraries_of(const Process& process)
{
    std::ifstream maps("/proc/" + std::to_string(process.pid()) + "/maps");
    std::set<std::string> names;
    for (std::string line; std::getline(maps, line);) {
        const auto slash = line.rfind('/');
        if (slash != std::string::npos)
            names.insert(line.substr(slash + 1));
    }
    return names;
}

bool any_begins_with(const std::set<std::string>& names, const std::string& start)
{
    const auto found = names.lower_bound(start);
    return found != names.end() && found->starts_with(start);
}

void expect_no_ffmpeg(const std::set<std::string>& names)
{
    for (const char* library : {"libav", "libsw", "libpostproc", "codec-ffmpeg", "media-ffmpeg"})
        EXPECT_FALSE(any_begins_with(names, library)) << library << "* is loaded";
    EXPECT_TRUE(any_begins_with(names, "libc.so")) << "or nothing was read at all";
}

std::map<std::string, std::uint64_t> decoded_frames(const Json& end)
{
    std::map<std::string, std::uint64_t> frames;
    if (end.is_object() && end.contains("statistics"))
        for (const auto& stream : end["statistics"].value("streams", Json::array()))
            frames[stream.value("kind", "")] += stream.value("frames_decoded", std::uint64_t{0});
    return frames;
}

class WithoutFfmpeg : public ::testing::Test {
protected:
    void SetUp() override
    {
        for (const char* name : {"bob", "alice"})
            world.configure_as_sample(name, "without-ffmpeg.json");
    }

    std::unique_ptr<Process> bob_listens(std::vector<std::string> more = {})
    {
        bob_account = world.account("bob");
        more.insert(more.end(), {"--answer", "--once", "--send", "test"});
        auto bob = world.listen("bob", more);
        world.introduce("alice", bob_account, bob->listening());
        return bob;
    }

    World world{false};
    std::string bob_account;
};

} // namespace

TEST_F(WithoutFfmpeg, SoundAndPicturesFlowBothWaysAndNoLibraryOfItIsLoaded)
{
    const auto bob = bob_listens();
    const auto alice = world.call("alice", bob_account, {"--send", "test", "--for", "3"});
    for (auto* peer : {alice.get(), bob.get()}) {
        EXPECT_FALSE(peer->event("media", "progress", "first_audio").is_null());
        EXPECT_FALSE(peer->event("media", "progress", "first_video").is_null());
        const auto libraries = libraries_of(*peer);
        expect_no_ffmpeg(libraries);
        for (const char* library :
             {"codec-opus.so", "codec-vpx.so", "libopus.so", "libvpx.so", "media-test.so", "media-null.so"})
            EXPECT_TRUE(any_begins_with(libraries, library)) << library << " is not loaded";
    }
    for (auto* peer : {alice.get(), bob.get()}) {
        auto frames = decoded_frames(peer->call_end());
        EXPECT_GE(frames["audio"], 100U); // three seconds are 150
        EXPECT_GE(frames["video"], 30U);
        EXPECT_EQ(peer->exit_code(), 0);
    }
}

TEST_F(WithoutFfmpeg, WhoHasNoOpusIsCalledInG711)
{
    world.change("bob", [](Json& config) { config["slots"]["codec"] = {{{"use", "codec-g711"}}}; });
    const auto bob = bob_listens();
    const auto alice = world.call("alice", bob_account, {"--send", "test", "--for", "2"});
    EXPECT_FALSE(bob->event("media", "progress", "first_audio").is_null());
    EXPECT_FALSE(any_begins_with(libraries_of(*bob), "libopus"));
    EXPECT_FALSE(any_begins_with(libraries_of(*bob), "libvpx"));
    for (auto* peer : {alice.get(), bob.get()}) {
        auto frames = decoded_frames(peer->call_end());
        EXPECT_GE(frames["audio"], 60U); // two seconds are 100
        EXPECT_EQ(frames["video"], 0U) << "bob has no codec for pictures";
        EXPECT_EQ(peer->exit_code(), 0);
    }
}

TEST_F(WithoutFfmpeg, OfTwoPluginsThatAcceptANameTheFirstInTheConfigurationIsOpened)
{
    for (const auto& [first, second] :
         {std::pair{"media-null", "media-ffmpeg"}, std::pair{"media-ffmpeg", "media-null"}}) {
        world.change("bob",
                     [&](Json& config) { config["slots"]["media_sink"] = {{{"use", first}}, {{"use", second}}}; });
        const auto bob = bob_listens({"--log", "debug", "--play", "null"});
        const auto alice = world.call("alice", bob_account, {"--send", "test", "--for", "0.5"});
        EXPECT_EQ(alice->exit_code(), 0);
        EXPECT_EQ(bob->exit_code(), 0);
        std::ifstream log(bob->log());
        const std::string said((std::istreambuf_iterator<char>(log)), {});
        EXPECT_EQ(said.find("swallowed") != std::string::npos, first == std::string("media-null")) << said;
    }
}
