// Recordings that go wrong, are given up, or find something in their place.
//
// Threads: the test's is control. Lifetime: one plugin instance per test; a small disk lives as long as its object.

#include "sink_under_test.hpp"
#include "source_under_test.hpp"
#include "test_files.hpp"
#include "tests/kernel/temporary_folder.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <fcntl.h>

namespace media_ffmpeg::testing {

namespace {

/// A disk of so many KiB, mounted in a user and mount namespace that a helper process holds open.
class SmallDisk {
public:
    SmallDisk(const std::filesystem::path& folder, int kib)
    {
        const std::string script = "mount -t tmpfs -o size=" + std::to_string(kib) + "k tmpfs '" + folder.string() +
                                   "' && echo $$ && exec cat >/dev/null";
        int out[2] = {};
        int in[2] = {};
        if (pipe2(out, O_CLOEXEC) != 0 || pipe2(in, O_CLOEXEC) != 0)
            return;
        helper_ = fork();
        if (helper_ == 0) {
            dup2(in[0], 0);
            dup2(out[1], 1);
            execlp("unshare", "unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script.c_str(), nullptr);
            _exit(127);
        }
        close(in[0]);
        close(out[1]);
        alive_ = in[1];
        char text[32] = {};
        mounted_ = read(out[0], text, sizeof(text) - 1) > 0;
        close(out[0]);
        path_ = "/proc/" + std::to_string(std::atoi(text)) + "/root" + folder.string();
    }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;
    ~SmallDisk()
    {
        close(alive_);
        waitpid(helper_, nullptr, 0);
    }

    bool mounted() const { return mounted_; }
    const std::string& path() const { return path_; }

private:
    pid_t helper_ = -1;
    int alive_ = -1; // the helper ends when this is closed
    bool mounted_ = false;
    std::string path_;
};

class FailingRecording : public ::testing::Test {
protected:
    std::string path(const std::string& name) const { return (folder_.path() / name).string(); }

    Failure refusal(const std::string& name, std::string_view config = "{}")
    {
        SinkPlugin plugin(config);
        return failure_of([&] { const Sink sink(plugin, name); });
    }

    void record(SinkPlugin& plugin, const std::string& name, int frames = 25)
    {
        Sink sink(plugin, name, R"({"video": false})");
        Tone tone(1000, 48'000, 1);
        write_sound(sink, tone, kBegin, frames);
        EXPECT_EQ(sink.finish().status, JF_OK);
    }

    jackfield::test::TemporaryFolder folder_;
    SinkPlugin plugin_;
};

} // namespace

TEST_F(FailingRecording, AFullDiskEndsItWithItsReason)
{
    std::filesystem::create_directory(folder_.path() / "disk");
    const SmallDisk disk(folder_.path() / "disk", 256);
    if (!disk.mounted())
        GTEST_SKIP() << "this kernel refuses user and mount namespaces to users";
    const std::string name = disk.path() + "/call.mkv";
    Sink sink(plugin_, name, R"({"video": false})");
    Tone tone(1000, 48'000, 1);
    for (int i = 0; i < 500; ++i) // ten seconds are 1.9 MB
        sink.write(tone.next(kBegin + i * 20 * kMs));
    const auto outcome = sink.finish();
    EXPECT_EQ(outcome.status, JF_EXHAUSTED);
    EXPECT_NE(outcome.text.find("disk/call.mkv\": cannot be written further: No space left on device; "),
              std::string::npos)
        << outcome.text;
    EXPECT_NE(outcome.text.find(" KiB are there, and play up to their end; a disk with more room would work"),
              std::string::npos)
        << outcome.text;
    sink.release();
    const auto lines = plugin_.host().log_lines();
    ASSERT_FALSE(lines.empty()); // said when it happened, and once
    EXPECT_EQ(lines[0], "3 recording stops: " + outcome.text);
    std::filesystem::copy_file(name, path("kept.mkv"));
    EXPECT_GT(decode_sound(path("kept.mkv"), 48'000, 1).size(), 48'000U);
}

TEST_F(FailingRecording, ADiskThatIsFullFromTheBeginningEndsItToo)
{
    std::filesystem::create_directory(folder_.path() / "disk");
    const SmallDisk disk(folder_.path() / "disk", 16);
    if (!disk.mounted())
        GTEST_SKIP() << "this kernel refuses user and mount namespaces to users";
    write_bytes(disk.path() + "/ballast", std::string(64 * 1024, 'x'));
    for (const char* name : {"/call.mkv", "/call.webm"}) {
        Sink sink(plugin_, disk.path() + name);
        Tone tone(1000, 48'000, 1);
        write_pictures(sink, 64, 48, kBegin, 10);
        write_sound(sink, tone, kBegin, 100);
        EXPECT_EQ(sink.finish().status, JF_EXHAUSTED);
    }
}

TEST_F(FailingRecording, WhatIsNoFileIsRefusedAtOnce)
{
    ASSERT_EQ(mkfifo(path("pipe.mkv").c_str(), 0600), 0);
    std::filesystem::create_symlink("/dev/full", path("full.mkv"));
    std::filesystem::create_directory(path("folder.mkv"));
    for (const char* name : {"pipe.mkv", "full.mkv", "folder.mkv"}) {
        const auto failure = refusal(path(name));
        EXPECT_EQ(failure.status(), JF_REFUSED) << name;
        EXPECT_NE(std::string(failure.what()).find("no ordinary file; the name of a file would work"),
                  std::string::npos)
            << failure.what();
    }
}

TEST_F(FailingRecording, NamesThatCannotBeWrittenSayWhatWouldWork)
{
    EXPECT_EQ(refusal("/no/such/call.mkv").status(), JF_NOT_FOUND);
    EXPECT_STREQ(refusal("/no/such/call.mkv").what(),
                 "\"/no/such/call.mkv\": cannot be written: No such file or directory; a file in a folder that exists "
                 "and that we may write to would work");
    EXPECT_EQ(refusal("/proc/call.mkv").status(), JF_NOT_FOUND);
    for (const char* name : {"call.mp4", "call", ".mkv"}) {
        EXPECT_EQ(refusal(path(name)).status(), JF_BAD_INPUT) << name;
        EXPECT_NE(std::string(refusal(path(name)).what()).find("a name that ends in .mkv or .webm, or \"null\", would"),
                  std::string::npos);
    }
}

TEST_F(FailingRecording, WithoutAnyFrameThereIsNoFile)
{
    Sink finished(plugin_, path("finished.mkv"));
    EXPECT_EQ(finished.finish().status, JF_OK);
    finished.release();
    Sink given_up(plugin_, path("given-up.mkv"));
    given_up.release();
    EXPECT_FALSE(std::filesystem::exists(path("finished.mkv")));
    EXPECT_FALSE(std::filesystem::exists(path("given-up.mkv")));
}

TEST_F(FailingRecording, AnEarlierOneIsReplacedWhenTheFirstFrameComesAndNotBefore)
{
    write_bytes(path("call.mkv"), std::string(300'000, 'x'));
    {
        Sink sink(plugin_, path("call.mkv"));
        EXPECT_EQ(sink.finish().status, JF_OK);
    }
    EXPECT_EQ(read_bytes(path("call.mkv")), std::string(300'000, 'x'));
    record(plugin_, path("call.mkv"));
    EXPECT_EQ(decode_sound(path("call.mkv"), 48'000, 1).size(), 24'000U);
    EXPECT_LT(std::filesystem::file_size(path("call.mkv")), 150'000U);
}

TEST_F(FailingRecording, AnEarlierOneMayBeKeptByRefusing)
{
    write_bytes(path("call.mkv"), "precious");
    const auto failure = refusal(path("call.mkv"), R"({"record_existing": "refuse"})");
    EXPECT_EQ(failure.status(), JF_REFUSED);
    EXPECT_NE(std::string(failure.what()).find("another name, or \"number\", would work"), std::string::npos);
    EXPECT_EQ(read_bytes(path("call.mkv")), "precious");
}

TEST_F(FailingRecording, AnEarlierOneMayBeKeptByNumbers)
{
    SinkPlugin plugin(R"({"record_existing": "number"})");
    write_bytes(path("call.mkv"), "precious");
    record(plugin, path("call.mkv"));
    record(plugin, path("call.mkv"));
    EXPECT_EQ(read_bytes(path("call.mkv")), "precious");
    EXPECT_EQ(decode_sound(path("call-2.mkv"), 48'000, 1).size(), 24'000U);
    EXPECT_EQ(decode_sound(path("call-3.mkv"), 48'000, 1).size(), 24'000U);
    const auto lines = plugin.host().log_lines();
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_NE(lines[1].find("call-3.mkv"), std::string::npos);
}

TEST_F(FailingRecording, TwoAtOnceDoNotWriteIntoOneFile)
{
    const Sink first(plugin_, path("call.mkv"));
    const auto failure = refusal(path("call.mkv"));
    EXPECT_EQ(failure.status(), JF_BUSY);
    EXPECT_NE(std::string(failure.what()).find("is being recorded or sent at this moment"), std::string::npos);
}

TEST_F(FailingRecording, GivenUpWithoutAFrameItsFileIsFreeAtOnce)
{
    for (int i = 0; i < 50; ++i)
        const Sink sink(plugin_, path("call.mkv"));
    record(plugin_, path("call.mkv"));
}

TEST_F(FailingRecording, WhatIsBeingSentIsNotRecordedOver)
{
    record(plugin_, path("call.mkv"), 100);
    {
        SourcePlugin sources;
        const Source source(sources, path("call.mkv"), "{}");
        EXPECT_EQ(refusal(path("call.mkv")).status(), JF_BUSY);
    }
    record(plugin_, path("call.mkv"));
}

TEST_F(FailingRecording, ASecondFinishIsAnsweredAndFramesAfterItAreNotTaken)
{
    Sink sink(plugin_, path("call.mkv"), R"({"video": false})");
    Tone tone(1000, 48'000, 1);
    write_sound(sink, tone, kBegin, 25);
    sink.start_finish();
    EXPECT_EQ(sink.write(tone.next(kBegin + 500 * kMs)), JF_CLOSED);
    sink.start_finish();
    ASSERT_TRUE(plugin_.host().run_until([&] { return sink.outcomes.size() == 2; }));
    EXPECT_EQ(sink.outcomes[0].status + sink.outcomes[1].status, JF_OK + JF_CLOSED);
    EXPECT_EQ(decode_sound(path("call.mkv"), 48'000, 1).size(), 24'000U);
}

TEST_F(FailingRecording, ReleasedWhileItIsFinishedItAnswersOnceAndIsCompletedAllTheSame)
{
    Sink sink(plugin_, path("call.mkv"));
    Tone tone(1000, 48'000, 1);
    write_sound(sink, tone, kBegin, 50);
    write_pictures(sink, 640, 480, kBegin, 25);
    sink.start_finish();
    sink.release();
    ASSERT_TRUE(plugin_.host().run_until([&] { return !sink.outcomes.empty(); }));
    plugin_.host().run_pending();
    EXPECT_EQ(sink.outcomes.size(), 1U);
    plugin_.destroy();
    EXPECT_EQ(times_of(path("call.mkv"), "video").size(), 25U);
    EXPECT_NEAR(std::stod(probe(path("call.mkv"))["format"]["duration"].get<std::string>()), 1.0, 0.05);
}

TEST_F(FailingRecording, GivenUpItPlaysUpToItsLastSecond)
{
    Sink sink(plugin_, path("call.mkv"));
    std::thread sound([&] {
        Tone tone(1000, 48'000, 1);
        write_sound(sink, tone, kBegin, 250);
    });
    write_pictures(sink, 320, 240, kBegin, 125);
    sound.join();
    // No room for more says that these have been taken over by the encoder, but for what may wait in the queue.
    Tone tone(1000, 48'000, 1);
    write_sound(sink, tone, kBegin + 5000 * kMs, 400);
    sink.release();
    const auto times = times_of(path("call.mkv"), "video");
    ASSERT_FALSE(times.empty());
    EXPECT_GT(times.back(), 3.0);
    EXPECT_GT(decode_sound(path("call.mkv"), 48'000, 1).size(), 3U * 48'000U);
}

} // namespace media_ffmpeg::testing
