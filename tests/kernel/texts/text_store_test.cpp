// The texts of one account in a database.

#include "kernel/texts/text_store.hpp"
#include "tests/kernel/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>

namespace {

std::atomic<int> waits_for_the_disk{0};

} // namespace

// What SQLite calls when something must be on the disk.
extern "C" __attribute__((visibility("default"))) int fsync(int file)
{
    ++waits_for_the_disk;
    return static_cast<int>(::syscall(SYS_fsync, file));
}
extern "C" __attribute__((visibility("default"))) int fdatasync(int file)
{
    ++waits_for_the_disk;
    return static_cast<int>(::syscall(SYS_fdatasync, file));
}

namespace {

using namespace jackfield::kernel;
using jackfield::test::TemporaryFolder;

Text ours(const std::string& id, const std::string& body = "hello", const std::string& peer = "bob")
{
    return {id, peer, true, body, 1000};
}

Text theirs(const std::string& id, const std::string& body = "hello", const std::string& peer = "bob")
{
    return {id, peer, false, body, 1000};
}

std::string ids_of(const std::vector<Text>& texts)
{
    std::string ids;
    for (const auto& text : texts)
        ids += (ids.empty() ? "" : " ") + text.id;
    return ids;
}

Error error_of(const std::function<void()>& what)
{
    try {
        what();
    } catch (const Failure& failure) {
        return failure.error();
    }
    return {JF_OK, ""};
}

class TextStoreTest : public ::testing::Test {
protected:
    TemporaryFolder folder_;
    const TextSettings settings_{folder_.path() / "deep" / "texts.sqlite"};
};

/// How often the disk was waited for.
int waits_of(const std::function<void()>& what)
{
    const int before = waits_for_the_disk;
    what();
    return waits_for_the_disk - before;
}

TEST_F(TextStoreTest, WaitsForTheDiskWhenItSaysSoAndForTheirsAtOnce)
{
    TextStore store(settings_);
    store.keep_theirs({theirs("first")});
    EXPECT_EQ(waits_of([&] { store.keep_ours(ours("a")); }), 0) << "it may go out meanwhile";
    EXPECT_GE(waits_of([&] { store.sync(); }), 1);
    EXPECT_GE(waits_of([&] { store.keep_theirs({theirs("b")}); }), 1) << "a receipt follows";
    EXPECT_EQ(waits_of([&] { store.has_arrived("bob", "a"); }), 0);
}

TEST_F(TextStoreTest, AProgramThatIsKilledBeforeTheDiskHasAnythingLosesNothing)
{
    const pid_t child = ::fork();
    if (child == 0) {
        TextStore store(settings_);
        store.keep_ours(ours("a"));
        store.keep_ours(ours("b"));
        ::kill(::getpid(), SIGKILL);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status));
    TextStore store(settings_);
    EXPECT_EQ(ids_of(store.ours_after("bob", 0, 10)), "a b");
    store.sync();
}

TEST_F(TextStoreTest, KeepsOursInTheirOrderUntilTheyHaveArrived)
{
    {
        TextStore store(settings_);
        for (const char* id : {"c", "a", "b"})
            store.keep_ours(ours(id));
        store.keep_ours(ours("d", "hello", "carol"));
    }
    TextStore store(settings_);
    EXPECT_EQ(ids_of(store.ours_after("bob", 0, 10)), "c a b");
    EXPECT_EQ(store.first_waiting("bob"), 1);
    EXPECT_TRUE(store.has_arrived("bob", "c"));
    EXPECT_FALSE(store.has_arrived("bob", "c")) << "again";
    EXPECT_FALSE(store.has_arrived("carol", "a")) << "that was not written to carol";
    EXPECT_EQ(store.first_waiting("bob"), 2);
    EXPECT_EQ(ids_of(store.ours_after("bob", 1, 1)), "a");
    EXPECT_TRUE(store.has_arrived("bob", "a"));
    EXPECT_TRUE(store.has_arrived("bob", "b"));
    EXPECT_EQ(store.first_waiting("bob"), 0);
    EXPECT_EQ(store.peers_waited_for(), std::vector<std::string>{"carol"});
}

TEST_F(TextStoreTest, KeepsEachOfTheirsOnce)
{
    TextStore store(settings_);
    EXPECT_EQ(store.keep_theirs({theirs("a"), theirs("b"), theirs("a")}), (std::vector<bool>{true, true, false}));
    EXPECT_EQ(store.keep_theirs({theirs("b", "another body"), theirs("a", "hello", "carol")}),
              (std::vector<bool>{false, true}))
        << "an id is of its account alone";
    const auto all = store.last("bob", 10);
    EXPECT_EQ(ids_of(all), "a b");
    EXPECT_EQ(all[1].body, "hello");
    EXPECT_EQ(all[1].sent_ms, 1000);
    EXPECT_FALSE(all[1].ours);
}

TEST_F(TextStoreTest, TellsOursAndTheirsApartThoughTheyHaveOneId)
{
    TextStore store(settings_);
    store.keep_ours(ours("a"));
    EXPECT_EQ(store.keep_theirs({theirs("a")}), std::vector<bool>{true});
    EXPECT_EQ(ids_of(store.last("bob", 10)), "a a");
    store.mark_read("", store.last_number());
    EXPECT_NE(store.first_waiting("bob"), 0) << "ours were not read by us";
}

TEST_F(TextStoreTest, ShowsTheLastAndWhatIsUnread)
{
    TextStore store(settings_);
    store.keep_theirs({theirs("a"), theirs("b")});
    store.keep_ours(ours("c"));
    store.keep_theirs({theirs("d"), theirs("e", "hello", "carol")});
    EXPECT_EQ(ids_of(store.last("bob", 3)), "b c d");
    EXPECT_EQ(ids_of(store.last("", 10)), "a b c d e");
    EXPECT_EQ(ids_of(store.last("", 10, true)), "a b d e");
    store.mark_read("bob", 2);
    EXPECT_EQ(ids_of(store.last("", 10, true)), "d e");
    EXPECT_TRUE(store.last("bob", 10)[0].done);
    store.mark_read("", store.last_number());
    EXPECT_EQ(ids_of(store.last("", 10, true)), "");
}

TEST_F(TextStoreTest, IsForItsOwnerAlone)
{
    ::umask(0);
    TextStore store(settings_);
    store.keep_ours(ours("a"));
    for (const char* ending : {"", "-wal", "-shm"}) {
        struct stat state{};
        ASSERT_EQ(::stat((settings_.file.string() + ending).c_str(), &state), 0) << ending;
        EXPECT_EQ(state.st_mode & 0777U, 0600U) << ending;
    }
}

TEST_F(TextStoreTest, BelongsToOneAccount)
{
    TextStore(settings_).belongs_to("alice");
    TextStore store(settings_);
    store.belongs_to("alice");
    const auto refused = error_of([&] { store.belongs_to("mallory"); });
    EXPECT_EQ(refused.status, JF_BAD_CONFIG);
    EXPECT_NE(refused.text.find("has the texts of another account, alice"), std::string::npos) << refused.text;
    EXPECT_NE(refused.text.find("would work"), std::string::npos) << refused.text;
}

TEST_F(TextStoreTest, RefusesADatabaseOfALaterVersionAndLeavesItAsItIs)
{
    {
        TextStore store(settings_);
    }
    Database(settings_.file, 16).run("PRAGMA user_version=7");
    const auto refused = error_of([&] { TextStore store(settings_); });
    EXPECT_EQ(refused.status, JF_BAD_CONFIG);
    EXPECT_NE(refused.text.find("another version of this program (7)"), std::string::npos) << refused.text;
    EXPECT_EQ(Database(settings_.file, 16).number("PRAGMA user_version"), 7);
}

TEST_F(TextStoreTest, BringsADatabaseWithoutAVersionUpToThisOne)
{
    {
        Database made(settings_.file, 16);
    } // a program that was killed before it had made its tables
    TextStore store(settings_);
    store.keep_ours(ours("a"));
    EXPECT_EQ(Database(settings_.file, 16).number("PRAGMA user_version"), 1);
}

TEST_F(TextStoreTest, SaysInFourPartsThatAFileIsDamaged)
{
    const auto file = folder_.write("damaged.sqlite", std::string(8192, 'x'));
    const auto refused = error_of([&] { TextStore store({file}); });
    EXPECT_EQ(refused.status, JF_BAD_INPUT);
    for (const char* part : {"damaged.sqlite: is damaged, or no database", "found", "SQLite says", "would work"})
        EXPECT_NE(refused.text.find(part), std::string::npos) << refused.text;
}

TEST_F(TextStoreTest, SaysThatAPageIsDamagedWhenItIsRead)
{
    {
        TextStore store(settings_);
        for (int i = 0; i < 200; ++i)
            store.keep_ours(ours(std::to_string(i), std::string(1000, 'x')));
    }
    { // the last page of the file, after its log has been taken over
        std::fstream file(settings_.file, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(8 * 4096);
        const std::string garbage(20 * 4096, '\x5a');
        file.write(garbage.data(), static_cast<std::streamsize>(garbage.size()));
    }
    const auto damaged = error_of([&] {
        TextStore store(settings_);
        store.ours_after("bob", 0, 1000);
    });
    EXPECT_EQ(damaged.status, JF_BAD_INPUT) << damaged.text;
}

TEST_F(TextStoreTest, SaysThatItCannotBeOpened)
{
    const auto refused = error_of([&] { TextStore store({folder_.path()}); });
    EXPECT_EQ(refused.status, JF_INTERNAL);
    EXPECT_NE(refused.text.find("cannot be opened"), std::string::npos) << refused.text;
    EXPECT_NE(refused.text.find("would work"), std::string::npos) << refused.text;
}

TEST_F(TextStoreTest, LosesNothingThatItAcceptedWhenItIsFull)
{
    TextSettings small = settings_;
    small.max_mib = 1;
    TextStore store(small);
    Error full{JF_OK, ""};
    int accepted = 0;
    while (full.status == JF_OK && accepted < 100) {
        full = error_of([&] { store.keep_theirs({theirs(std::to_string(accepted), std::string(30'000, 'x'))}); });
        accepted += full.status == JF_OK ? 1 : 0;
    }
    EXPECT_EQ(full.status, JF_EXHAUSTED) << full.text;
    EXPECT_NE(full.text.find("max_mib"), std::string::npos) << full.text;
    EXPECT_GT(accepted, 10);
    EXPECT_EQ(store.last("bob", 1000).size(), static_cast<std::size_t>(accepted));
    EXPECT_EQ(error_of([&] {
                  store.keep_theirs({theirs("one more", "x"), theirs("too large", std::string(32'000, 'x'))});
              }).status,
              JF_EXHAUSTED);
    EXPECT_EQ(store.last("bob", 1000).size(), static_cast<std::size_t>(accepted)) << "all of a batch, or none";
    small.max_mib = 2;
    TextStore larger(small);
    EXPECT_EQ(larger.keep_theirs({theirs("one more")}), std::vector<bool>{true});
}

TEST_F(TextStoreTest, SaysThatAnotherProgramHasLockedIt)
{
    TextStore store(settings_);
    Database other(settings_.file, 16);
    const Transaction held(other);
    const auto locked = error_of([&] { store.keep_ours(ours("a")); });
    EXPECT_EQ(locked.status, JF_BUSY) << locked.text;
}

TEST_F(TextStoreTest, IsSharedByTwoPrograms)
{
    TextStore store(settings_);
    TextStore other(settings_);
    store.keep_theirs({theirs("a")});
    EXPECT_EQ(other.keep_theirs({theirs("a"), theirs("b")}), (std::vector<bool>{false, true}));
    EXPECT_EQ(ids_of(store.last("bob", 10)), "a b");
}

TEST_F(TextStoreTest, LetsOnlySoManyWaitForAPeer)
{
    TextStore store(settings_);
    {
        Database fast(settings_.file, 256);
        fast.run("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) "
                 "INSERT INTO texts (peer, ours, id, body, sent_ms, kept_ms) SELECT 'bob', 1, i, '', 0, 0 FROM n");
    }
    const auto refused = error_of([&] { store.keep_ours(ours("a")); });
    EXPECT_EQ(refused.status, JF_EXHAUSTED);
    EXPECT_NE(refused.text.find("10000 texts wait for bob already"), std::string::npos) << refused.text;
    store.has_arrived("bob", "1");
    EXPECT_EQ(error_of([&] { store.keep_ours(ours("a")); }).status, JF_OK);
}

} // namespace
