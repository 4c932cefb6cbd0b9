// Files that are cut off, damaged, or made to do harm.
//
// Threads: the test's is control. Lifetime: one plugin instance per test.

#include "source_under_test.hpp"
#include "test_files.hpp"
#include "tests/kernel/temporary_folder.hpp"

#include <algorithm>
#include <random>

namespace media_ffmpeg::testing {

namespace {

class DamagedFile : public ::testing::Test {
protected:
    std::string save(const std::string& name, const std::string& bytes)
    {
        const auto file = (folder_.path() / name).string();
        write_bytes(file, bytes);
        return file;
    }

    /// Plays all there is. Whatever the file, each kind ends once, and times rise.
    void play(const std::string& file)
    {
        Source source(plugin_, file);
        const auto info = source.info();
        if (info.has_audio != 0)
            source.start_sound();
        if (info.has_video != 0)
            source.start_pictures();
        const std::size_t kinds = info.has_audio + info.has_video;
        ASSERT_TRUE(source.wait_for_end(kinds));
        plugin_.host().run_pending();
        EXPECT_EQ(source.ends.size(), kinds);
        const auto earlier = [](const Got& a, const Got& b) { return a.frame.time_ns < b.frame.time_ns; };
        EXPECT_TRUE(std::ranges::is_sorted(source.pictures(), earlier));
        EXPECT_TRUE(std::ranges::is_sorted(source.sound(), earlier));
        pictures_ = source.pictures().size();
        sound_ = source.sound().size();
    }

    jackfield::test::TemporaryFolder folder_;
    SourcePlugin plugin_;
    std::size_t pictures_ = 0;
    std::size_t sound_ = 0;
};

} // namespace

TEST_F(DamagedFile, OneThatIsCutOffPlaysUpToItsEnd)
{
    const auto whole = read_bytes(make_file(folder_.path(), "film.mkv", film_arguments(2) + " -c:a pcm_s16le"));
    play(save("cut.mkv", whole.substr(0, whole.size() / 2)));
    EXPECT_GT(pictures_, 10U);
    EXPECT_LT(pictures_, 40U);
    EXPECT_GT(sound_, 20U);
    EXPECT_LT(sound_, 80U);
}

TEST_F(DamagedFile, OneWithoutItsTableOfContentsIsRefusedWithTheReason)
{
    const auto whole = read_bytes(make_file(folder_.path(), "film.mp4", film_arguments(1)));
    const auto file = save("cut.mp4", whole.substr(0, whole.size() / 2));
    const auto failure = failure_of([&] { const Source source(plugin_, file); });
    EXPECT_EQ(failure.status(), JF_BAD_INPUT);
    EXPECT_NE(std::string(failure.what()).find("cut.mp4\": cannot be read as media: "), std::string::npos)
        << failure.what();
}

TEST_F(DamagedFile, OneThatIsCutOffBehindItsTableOfContentsPlaysUpToItsEnd)
{
    const auto whole = read_bytes(make_file(folder_.path(), "film.mp4", film_arguments(2) + " -movflags +faststart"));
    play(save("cut.mp4", whole.substr(0, whole.size() / 2)));
    EXPECT_GT(pictures_, 5U);
    EXPECT_LT(pictures_, 50U);
}

TEST_F(DamagedFile, WrongBytesEndNothingButThemselves)
{
    std::mt19937 random(7);
    for (const auto* name : {"film.mkv", "film.mp4", "film.ts", "film.ogv", "film.avi"}) {
        const std::string codecs = std::string(name) == "film.ogv" ? " -c:v libtheora -c:a libopus" : "";
        const auto whole = read_bytes(make_file(folder_.path(), name, film_arguments(0.5) + codecs));
        for (int variant = 0; variant < 6; ++variant) {
            std::string bytes = whole;
            for (int i = 0; i < 40; ++i)
                bytes[random() % bytes.size()] = static_cast<char>(random());
            const auto file = save(std::string("damaged-") + name, bytes);
            try {
                play(file);
            } catch (const Failure& refused) {
                EXPECT_TRUE(refused.status() == JF_BAD_INPUT || refused.status() == JF_UNSUPPORTED) << refused.what();
            }
        }
    }
}

TEST_F(DamagedFile, AFewBytesThatPromiseAVastPictureAreRefused)
{
    auto picture = read_bytes(make_file(folder_.path(), "p.png", "-f lavfi -i color=s=32x32 -frames:v 1"));
    // The size stands in the first chunk, and its check sum is not looked at by everybody.
    for (const std::size_t at : {std::size_t{16}, std::size_t{20}})
        picture.replace(at, 4, std::string("\0\0\xff\0", 4));
    const auto file = save("vast.png", picture);
    try {
        play(file);
        EXPECT_EQ(pictures_, 0U);
    } catch (const Failure& refused) {
        EXPECT_EQ(refused.status(), JF_BAD_INPUT);
    }
}

TEST_F(DamagedFile, AFileThatShrinksWhileItPlaysEnds)
{
    const auto file = make_file(folder_.path(), "film.mkv", film_arguments(4, "320x240") + " -c:v ffv1 -c:a pcm_s16le");
    Source source(plugin_, file, "{}");
    source.start_pictures();
    ASSERT_TRUE(source.wait_for(JF_VIDEO, 1));
    std::filesystem::resize_file(file, 1000);
    ASSERT_TRUE(source.wait_for_end());
    EXPECT_LT(source.pictures().size(), 100U);
}

} // namespace media_ffmpeg::testing
