// Calls through microphones and loudspeakers of a real sound server, which come and go.

#include "world.hpp"

#include "tests/plugins/media-pulse/sound_server.hpp"
#include "tests/plugins/tone_in.hpp"
#include "tests/plugins/virtual_screen.hpp"

#include <gtest/gtest.h>

namespace {

using namespace scenarios;
using sound_test::SoundServer;

/// Whether that pitch is heard at that sink, now or soon.
bool heard(const SoundServer& server, const std::string& sink, double hertz)
{
    for (int tries = 0; tries < 60; ++tries) {
        const auto sound = server.record(sink + ".monitor", 0.4);
        if (sound_test::loudness(sound) > 0.05 && sound_test::share_of_tone(sound, hertz, 48'000) > 0.9)
            return true;
    }
    return false;
}

class SoundDevices : public ::testing::Test {
protected:
    /// A peer that has the devices of the server, and files beside them.
    void configure(const std::string& name, const Json& stages = Json::array())
    {
        world_.configure(name);
        world_.change(name, [&](Json& config) {
            const Json pulse{{"use", "media-pulse"}, {"config", {{"server", server_.address()}}}};
            for (const char* slot : {"media_source", "media_sink"})
                config["slots"][slot] = Json::array({pulse, Json{{"use", "media-ffmpeg"}}});
            if (!stages.empty())
                config["slots"]["audio_stage"] = stages;
        });
    }

    SoundServer server_{{"spare", "mic", "her_ear", "his_ear", "desk"}};
    World world_;
};

TEST_F(SoundDevices, CarryBothVoicesAndMayBeUnpluggedInTheCall)
{
    configure("alice");
    configure("bob");
    server_.pactl("set-default-source desk.monitor");
    server_.load_tone("mic", 660);
    server_.load_tone("desk", 990);
    const auto bob =
        world_.listen("bob", {"--answer", "--once", "--send", "test", "--play", "speaker:his_ear", "--commands"});
    const auto alice = world_.call("alice", world_.account("bob"),
                                   {"--send", "microphone:mic.monitor", "--play", "speaker:her_ear", "--audio-only"});
    ASSERT_FALSE(bob->event("media", "progress", "first_audio").is_null());
    EXPECT_TRUE(heard(server_, "his_ear", 660)) << "the microphone";
    EXPECT_TRUE(heard(server_, "her_ear", 440)) << "the test tone";

    server_.unplug("mic");
    EXPECT_TRUE(heard(server_, "his_ear", 990)) << "the default microphone";
    server_.unplug("her_ear");
    EXPECT_TRUE(heard(server_, "his_ear", 990)) << "the call goes on without her loudspeaker";
    server_.load_sink("her_ear");
    EXPECT_TRUE(heard(server_, "her_ear", 440)) << "her loudspeaker is back";

    alice->interrupt();
    EXPECT_EQ(alice->exit_code(), 0);
    EXPECT_EQ(bob->exit_code(), 0);
}

TEST_F(SoundDevices, ThatTheConfigurationNamesNeedNoOptions)
{
    configure("alice");
    configure("bob");
    world_.change("bob", [](Json& config) {
        config["call"]["send"] = "microphone:mic.monitor";
        config["call"]["play"] = "speaker:his_ear";
    });
    server_.load_tone("mic", 660);
    const auto bob = world_.listen("bob", {"--answer", "--once"});
    const auto record = (world_.folder() / "alice.mkv").string();
    const auto alice = world_.call("alice", world_.account("bob"),
                                   {"--send", "test", "--play", "speaker:her_ear", "--record", record});
    EXPECT_TRUE(heard(server_, "his_ear", 440));
    EXPECT_TRUE(heard(server_, "her_ear", 660));
    alice->interrupt();
    EXPECT_EQ(alice->exit_code(), 0);
    EXPECT_EQ(bob->exit_code(), 0);
    EXPECT_TRUE(std::filesystem::exists(record)) << "what is played is kept, too";
}

TEST_F(SoundDevices, ThatAreNotThereEndACallBeforeItBegins)
{
    configure("alice");
    const auto alice = world_.call("alice", std::string(64, 'a'), {"--send", "microphone:nobody"});
    const auto end = alice->call_end();
    ASSERT_TRUE(end.is_object());
    EXPECT_NE(end.dump().find("no microphone is called"), std::string::npos) << end;
    EXPECT_EQ(alice->exit_code(), 7);
}

TEST_F(SoundDevices, AreListedByTheProgram)
{
    const auto file = world_.configure("alice");
    configure("alice");
    Process devices({"devices", "--config", file, "--json"}, world_.folder() / "devices.log");
    EXPECT_EQ(devices.exit_code(), 0);
    const auto listed = sound_test::output_of(JACKFIELD_BINARY_DIR "/bin/jackfield devices --json --config " + file);
    const Json all = Json::parse(listed, nullptr, false);
    ASSERT_TRUE(all.is_object() && all["devices"].size() == 10U) << listed;
    EXPECT_EQ(all["devices"][1]["name"], "microphone:mic.monitor");
    EXPECT_EQ(all["devices"][1]["plugin"], "media-pulse");
    EXPECT_EQ(all["devices"][8]["name"], "speaker:his_ear");
    EXPECT_EQ(all["devices"][5]["default"], true) << listed;
    server_.stop();
    EXPECT_NE(sound_test::output_of(JACKFIELD_BINARY_DIR "/bin/jackfield devices --config " + file + " 2>&1; echo $?")
                  .find("PulseAudio or PipeWire must run"),
              std::string::npos);
}

TEST_F(SoundDevices, AndAWindowOfTheSampleMakeACall)
{
    const screen_test::VirtualScreen screen; // that the peers inherit
    for (const char* name : {"alice", "bob"}) {
        world_.configure_as_sample(name, "devices.json");
        world_.change(name, [&](Json& config) {
            for (const char* slot : {"media_source", "media_sink"})
                config["slots"][slot][0]["config"]["server"] = server_.address();
        });
    }
    server_.pactl("set-default-sink his_ear");
    server_.pactl("set-default-source mic.monitor");
    const auto bob = world_.listen("bob", {"--answer", "--once"});
    const auto alice = world_.call("alice", world_.account("bob"), {"--send", "test", "--play", "none"});
    EXPECT_TRUE(heard(server_, "his_ear", 440));
    ASSERT_FALSE(bob->event("media", "progress", "first_video").is_null());
    Window window = 0;
    for (int tries = 0; tries < 60 && window == 0; ++tries) { // a recording takes its time
        (void)server_.record("his_ear.monitor", 0.2);
        window = screen.find("Jackfield");
    }
    EXPECT_NE(window, 0U);
    alice->interrupt();
    EXPECT_EQ(alice->exit_code(), 0);
    EXPECT_EQ(bob->exit_code(), 0);
}

} // namespace
