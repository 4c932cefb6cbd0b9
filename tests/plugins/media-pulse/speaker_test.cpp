// Loudspeakers of a real sound server: what is written is heard, at the pace of its times, whatever becomes of them.
//
// Threads: the test's is control; one writes sound as a call would. Lifetime: a sound server for each test.

#include "sound_server.hpp"

#include "tests/plugins/sink_under_test.hpp"
#include "tests/plugins/tone_in.hpp"

#include <algorithm>
#include <atomic>
#include <thread>

namespace media_pulse::testing {
namespace {

using namespace sink_test;
using sound_test::SoundServer;

/// A tone, as a call writes it: each frame 40 ms ahead of its time, until this goes.
class Playing {
public:
    Playing(Sink& sink, double hertz) : thread_([&sink, hertz, this] { write(sink, hertz); }) {}
    Playing(const Playing&) = delete;
    Playing& operator=(const Playing&) = delete;
    ~Playing()
    {
        on_ = false;
        thread_.join();
    }

private:
    void write(Sink& sink, double hertz)
    {
        Tone tone(hertz, 48'000, 1);
        std::mutex mutex;
        std::unique_lock lock(mutex);
        std::condition_variable nobody;
        auto due = std::chrono::steady_clock::now();
        while (on_) {
            (void)sink.write(tone.next(due.time_since_epoch().count() + 40 * kMs));
            due += std::chrono::milliseconds(20);
            nobody.wait_until(lock, due, [] { return false; });
        }
    }

    std::atomic<bool> on_{true};
    std::thread thread_; // last: it uses the rest
};

class Speakers : public ::testing::Test {
protected:
    /// Of a time in which nothing but that tone can be heard there, now or soon; 0 if there is none. It is short: where
    /// this machine was busy elsewhere a sound has gaps.
    double loudness_of_tone(const std::string& sink, double hertz)
    {
        for (int tries = 0; tries < 40; ++tries) {
            const auto sound = server_.record(sink + ".monitor", 0.3);
            if (sound_test::loudness(sound) > 0.3 && sound_test::share_of_tone(sound, hertz, 48'000) > 0.98)
                return sound_test::loudness(sound);
        }
        return 0;
    }
    bool heard(const std::string& sink, double hertz) { return loudness_of_tone(sink, hertz) > 0; }

    /// Whether the plugin has heard of that speaker, now or after some more words with the server.
    bool knows(const std::string& name)
    {
        for (int tries = 0; tries < 200; ++tries) {
            std::string json;
            jf_error error = jackfield::no_error();
            if (plugin_.methods()->devices(plugin_.self(), jackfield::append_to(json), &error) == JF_OK &&
                json.find("\"speaker:" + name + '"') != std::string::npos)
                return true;
            server_.pactl("info");
        }
        return false;
    }

    std::string all_log()
    {
        std::string all;
        for (const auto& line : plugin_.host().log_lines())
            all += line + "\n";
        return all;
    }

    SoundServer server_;
    SinkPlugin plugin_{"media-pulse", server_.config()};
};

TEST_F(Speakers, PlayWhatIsWritten)
{
    Sink sink(plugin_, "speaker:ear");
    auto playing = std::make_unique<Playing>(sink, 1000);
    ASSERT_TRUE(heard("ear", 1000)) << all_log();
    EXPECT_NEAR(loudness_of_tone("ear", 1000), 0.3536, 0.02);
    playing.reset();
    EXPECT_EQ(sink.finish().status, JF_OK);
    EXPECT_NE(all_log().find("speaker: played"), std::string::npos) << all_log();
}

TEST_F(Speakers, SwallowPicturesAndRefuseToKeepOurs)
{
    Sink sink(plugin_, "speaker:");
    EXPECT_EQ(sink.write(Picture(64, 48).frame(kBegin)), JF_OK);
    try {
        const Sink both(plugin_, "speaker:", R"({"audio": true, "own_audio": true})");
        FAIL() << "a speaker keeps nothing";
    } catch (const jackfield::Failure& failure) {
        EXPECT_EQ(failure.status(), JF_UNSUPPORTED);
    }
}

TEST_F(Speakers, ThatAreUnpluggedGiveWayToTheDefaultOneAndComeBack)
{
    const auto usb = server_.load_sink("usb");
    ASSERT_TRUE(knows("usb")) << all_log();
    Sink sink(plugin_, "speaker:usb");
    const Playing playing(sink, 1000);
    ASSERT_TRUE(heard("usb", 1000)) << all_log();
    server_.unload(usb);
    EXPECT_TRUE(heard("line", 1000)) << all_log();
    server_.load_sink("usb");
    EXPECT_TRUE(heard("usb", 1000)) << all_log();
}

TEST_F(Speakers, AreMovedByTheServer)
{
    Sink sink(plugin_, "speaker:line");
    const Playing playing(sink, 1000);
    ASSERT_TRUE(heard("line", 1000)) << all_log();
    server_.pactl("move-sink-input 0 ear");
    EXPECT_TRUE(heard("ear", 1000)) << server_.pactl("list short sink-inputs") << all_log();
}

} // namespace
} // namespace media_pulse::testing
