// Changes of files are heard when they happen: written in place, renamed into place, taken away; and nothing else is.
//
// Threads: the test's turns the event loop.

#include "kernel/error.hpp"
#include "kernel/executor/control_thread.hpp"
#include "kernel/executor/file_watch.hpp"
#include "tests/kernel/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace {

using namespace jackfield::kernel;
using namespace std::chrono_literals;

class FileWatching : public ::testing::Test {
protected:
    FileWatching() { watch(); }

    void watch()
    {
        watch_ = std::make_unique<FileWatch>(
            control_.context(), folder_.path() / "", std::vector<std::string>{"ours.json", "other.json"},
            [this] { ++changes_; }, [this] { ++losses_; });
    }
    bool hears(int changes)
    {
        const auto deadline = std::chrono::steady_clock::now() + 20s;
        while (changes_ < changes && std::chrono::steady_clock::now() < deadline)
            control_.context().run_one_for(100ms);
        return changes_ == changes;
    }
    void settle()
    {
        while (control_.context().poll() != 0) {
        }
    }

    jackfield::test::TemporaryFolder folder_;
    ControlThread control_;
    std::unique_ptr<FileWatch> watch_;
    int changes_ = 0;
    int losses_ = 0;
};

TEST_F(FileWatching, HearsOfAFileThatIsWrittenRenamedIntoPlaceAndTakenAway)
{
    folder_.write("ours.json", "1");
    EXPECT_TRUE(hears(1));
    folder_.write(".aside", "2");
    std::filesystem::rename(folder_.path() / ".aside", folder_.path() / "ours.json");
    EXPECT_TRUE(hears(2));
    std::filesystem::remove(folder_.path() / "ours.json");
    EXPECT_TRUE(hears(3));
    folder_.write("other.json", "4");
    EXPECT_TRUE(hears(4));
}

TEST_F(FileWatching, HearsOnceOfManyChangesTogetherAndNothingOfOtherFiles)
{
    for (int i = 0; i < 100; ++i) {
        folder_.write("somebody else's", "x");
        folder_.write("ours.json.new", "x");
    }
    settle();
    EXPECT_EQ(changes_, 0);
    for (int i = 0; i < 100; ++i)
        folder_.write("ours.json", "x");
    EXPECT_TRUE(hears(1));
    settle();
    EXPECT_EQ(changes_, 1);
}

TEST_F(FileWatching, HearsNothingOnceItHasGone)
{
    folder_.write("ours.json", "1");
    watch_.reset();
    settle();
    EXPECT_EQ(changes_, 0);
}

TEST_F(FileWatching, MayGoInsideOfWhatItTells)
{
    watch_ = std::make_unique<FileWatch>(
        control_.context(), folder_.path(), std::vector<std::string>{"ours.json"},
        [this] {
            ++changes_;
            watch_.reset();
        },
        [] {});
    folder_.write("ours.json", "1");
    EXPECT_TRUE(hears(1));
    folder_.write("ours.json", "2");
    settle();
    EXPECT_EQ(changes_, 1);
}

TEST_F(FileWatching, SaysThatTheFolderHasGoneAndRefusesOneThatIsNotThere)
{
    std::filesystem::remove_all(folder_.path());
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (losses_ == 0 && std::chrono::steady_clock::now() < deadline)
        control_.context().run_one_for(100ms);
    settle();
    EXPECT_EQ(losses_, 1);
    try {
        watch();
        ADD_FAILURE() << "a folder that is not there was watched";
    } catch (const Failure& failure) {
        EXPECT_EQ(failure.status(), JF_UNREACHABLE);
        EXPECT_NE(failure.error().text.find(folder_.path().string()), std::string::npos) << failure.error().text;
    }
}

} // namespace
