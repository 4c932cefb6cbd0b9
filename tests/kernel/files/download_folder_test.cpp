// Files on their way into the download folder, and everything that must not happen to it.

#include "kernel/files/download_folder.hpp"
#include "tests/kernel/temporary_folder.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <iterator>
#include <set>

namespace {

using namespace jackfield::kernel;
using jackfield::test::TemporaryFolder;
namespace fs = std::filesystem;

std::span<const std::uint8_t> bytes(std::string_view text)
{
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string hash_of(std::string_view text)
{
    Sha256 hash;
    hash.update(bytes(text));
    return hash.hex();
}

class DownloadTest : public ::testing::Test {
protected:
    DownloadTest() { settings_.folder = outer_.path() / "in"; }

    static FileOffer offer(const std::string& name, std::uint64_t size, char id = 'a')
    {
        return {std::string(32, id), name, size};
    }
    std::expected<Download, Error> open(const FileOffer& offered, const std::string& account = "bob",
                                        std::uint64_t promised = 0)
    {
        return Download::open(settings_, account, offered, promised);
    }

    /// All of it at once.
    std::expected<fs::path, Error> receive(const std::string& name, const std::string& text, char id = 'a')
    {
        auto download = open(offer(name, text.size(), id));
        if (!download)
            return std::unexpected(download.error());
        EXPECT_EQ(download->write(bytes(text)).status, JF_OK);
        return download->finish(hash_of(text));
    }

    std::set<std::string> names() const
    {
        std::set<std::string> all;
        for (const auto& entry : fs::directory_iterator(settings_.folder))
            all.insert(entry.path().filename().string());
        return all;
    }
    static std::string content(const fs::path& file)
    {
        std::ifstream stream(file, std::ios::binary);
        return {std::istreambuf_iterator<char>(stream), {}};
    }

    TemporaryFolder outer_;
    DownloadSettings settings_;
};

TEST_F(DownloadTest, TakesItsNameWhenAllOfItIsThere)
{
    auto download = open(offer("a.txt", 5));
    ASSERT_TRUE(download) << download.error().text;
    EXPECT_EQ(download->offset(), 0U);
    EXPECT_EQ(download->write(bytes("hel")).status, JF_OK);
    EXPECT_EQ(names().size(), 1U);
    EXPECT_TRUE(names().begin()->ends_with(".part"));
    EXPECT_EQ(download->finish(hash_of("hel")).error().status, JF_BAD_INPUT) << "two bytes are missing";
    EXPECT_EQ(download->write(bytes("lo")).status, JF_OK);
    const auto place = download->finish(hash_of("hello"));
    ASSERT_TRUE(place) << place.error().text;
    EXPECT_EQ(*place, settings_.folder / "a.txt");
    EXPECT_EQ(content(*place), "hello");
    EXPECT_EQ(names(), (std::set<std::string>{".received", "a.txt"}));
    EXPECT_EQ(fs::status(*place).permissions() & fs::perms::mask, fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(DownloadTest, PutsNothingOutsideItsFolderWhateverTheNameSays)
{
    const auto in = [&](const char* name) { return settings_.folder / name; };
    EXPECT_EQ(*receive("../../up", "1", 'a'), in("up"));
    EXPECT_EQ(*receive("/etc/absolute", "2", 'b'), in("absolute"));
    EXPECT_EQ(*receive(std::string(4096, 'n') + ".txt", "3", 'c'), in((std::string(196, 'n') + ".txt").c_str()));
    EXPECT_EQ(receive("", "4", 'd').error().status, JF_BAD_INPUT);
    EXPECT_EQ(receive("..", "5", 'e').error().status, JF_BAD_INPUT);
    EXPECT_EQ(*receive(".received", "6", 'f'), in("received"));
    EXPECT_EQ(std::distance(fs::directory_iterator(outer_.path()), fs::directory_iterator()), 1);
}

TEST_F(DownloadTest, FollowsNoLinkThatLiesThere)
{
    fs::create_directory(settings_.folder);
    const auto victim = outer_.write("victim", "precious");
    const auto part_name = [&] {
        open(offer("a.txt", 5));
        return *names().begin();
    }();
    fs::remove(settings_.folder / part_name);
    fs::create_symlink(victim, settings_.folder / part_name);
    EXPECT_EQ(open(offer("a.txt", 5)).error().status, JF_INTERNAL);
    EXPECT_EQ(content(victim), "precious");
}

TEST_F(DownloadTest, WritesOverNothing)
{
    EXPECT_EQ(*receive("a.txt", "one", 'a'), settings_.folder / "a.txt");
    EXPECT_EQ(*receive("a.txt", "two", 'b'), settings_.folder / "a (2).txt");
    EXPECT_EQ(*receive("a.txt", "three", 'c'), settings_.folder / "a (3).txt");
    EXPECT_EQ(content(settings_.folder / "a.txt"), "one");
    fs::create_symlink("nowhere", settings_.folder / "b.txt");
    EXPECT_EQ(*receive("b.txt", "four", 'd'), settings_.folder / "b (2).txt");
}

TEST_F(DownloadTest, GoesOnWhereItWas)
{
    open(offer("a.txt", 11))->write(bytes("hello "));
    auto again = open(offer("a.txt", 11));
    ASSERT_TRUE(again);
    EXPECT_EQ(again->offset(), 6U);
    again->write(bytes("world"));
    EXPECT_TRUE(again->finish(hash_of("hello world"))) << "the hash is of all of it";
}

TEST_F(DownloadTest, OfAnotherAccountOrFileIsAnotherOne)
{
    open(offer("a.txt", 11))->write(bytes("hello "));
    EXPECT_EQ(open(offer("a.txt", 11), "carol")->offset(), 0U) << "who knows the id of bob's file";
    EXPECT_EQ(open(offer("a.txt", 11, 'b'))->offset(), 0U);
}

TEST_F(DownloadTest, ThatIsComingInIsNotBegunTwice)
{
    const auto first = open(offer("a.txt", 11));
    EXPECT_EQ(open(offer("a.txt", 11)).error().status, JF_BUSY);
}

TEST_F(DownloadTest, ThatDiffersFromWhatWasSentIsThrownAway)
{
    {
        auto download = open(offer("a.txt", 5));
        download->write(bytes("hellO"));
        const auto place = download->finish(hash_of("hello"));
        ASSERT_FALSE(place);
        EXPECT_EQ(place.error().status, JF_BAD_INPUT);
    }
    EXPECT_TRUE(names().empty());
    EXPECT_EQ(open(offer("a.txt", 5))->offset(), 0U) << "the next one starts afresh";
}

TEST_F(DownloadTest, TakesNoMoreThanWasOffered)
{
    auto download = open(offer("a.txt", 5));
    EXPECT_EQ(download->write(bytes("hello!")).status, JF_BAD_INPUT);
}

TEST_F(DownloadTest, ThatIsThereIsNotReceivedTwice)
{
    receive("a.txt", "hello");
    auto again = open(offer("a.txt", 5));
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->complete());
    EXPECT_EQ(again->offset(), 5U);
    EXPECT_EQ(names(), (std::set<std::string>{".received", "a.txt"}));
    fs::remove(settings_.folder / "a.txt");
    EXPECT_FALSE(open(offer("a.txt", 5))->complete()) << "whoever removed it may have it again";
}

TEST_F(DownloadTest, ThatWasNotedAndNotMovedIsMovedTheNextTime)
{
    receive("a.txt", "hello");
    const auto list = content(settings_.folder / ".received");
    fs::remove_all(settings_.folder);
    open(offer("a.txt", 5))->write(bytes("hello")); // all of it is there, and then: the power went
    std::ofstream(settings_.folder / ".received") << list;
    auto again = open(offer("a.txt", 5));
    EXPECT_FALSE(again->complete());
    EXPECT_EQ(again->offset(), 5U);
    EXPECT_TRUE(again->finish(hash_of("hello")));
    EXPECT_EQ(content(settings_.folder / "a.txt"), "hello");
}

TEST_F(DownloadTest, ForgetsTheOldestOfWhatWasReceived)
{
    receive("a.txt", "hello");
    {
        std::ofstream list(settings_.folder / ".received", std::ios::app);
        list << std::string(1024 * 1024, '\n');
    }
    receive("b.txt", "other", 'b');
    EXPECT_TRUE(open(offer("a.txt", 5))->complete()) << "the list of before is still looked at";
    EXPECT_LT(fs::file_size(settings_.folder / ".received"), 1024U);
}

TEST_F(DownloadTest, StaysWithinItsQuota)
{
    settings_.quota_bytes = 1000;
    settings_.file_bytes = 600;
    EXPECT_EQ(open(offer("a", 601)).error().status, JF_EXHAUSTED);
    EXPECT_TRUE(receive("a", std::string(600, 'x')));
    EXPECT_EQ(open(offer("b", 400, 'b')).error().status, JF_EXHAUSTED) << "the list of what was received counts, too";
    EXPECT_EQ(open(offer("b", 200, 'b'), "bob", 200).error().status, JF_EXHAUSTED) << "another is on its way";
    EXPECT_TRUE(receive("b", std::string(200, 'x'), 'b'));
}

TEST_F(DownloadTest, DoesNotBeginWhatTheDiskHasNoRoomFor)
{
    settings_.file_bytes = settings_.quota_bytes = std::uint64_t{1} << 49;
    const auto opened = open(offer("a", std::uint64_t{1} << 48));
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().text, "the disk is full here");
}

TEST_F(DownloadTest, KeepsWhatItHasWhenTheDiskIsFull)
{
    auto download = open(offer("a", 100'000));
    const auto before = std::signal(SIGXFSZ, SIG_IGN);
    rlimit limit{};
    ::getrlimit(RLIMIT_FSIZE, &limit);
    const rlimit tight{50'000, limit.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &tight);
    const auto written = download->write(bytes(std::string(100'000, 'x')));
    ::setrlimit(RLIMIT_FSIZE, &limit);
    std::signal(SIGXFSZ, before);
    EXPECT_EQ(written.status, JF_EXHAUSTED) << written.text;
    download = std::unexpected(Error{JF_CLOSED, ""});
    EXPECT_EQ(open(offer("a", 100'000))->offset(), 50'000U);
}

TEST_F(DownloadTest, SaysSoWhenItsFolderHasGone)
{
    auto download = open(offer("a.txt", 5));
    download->write(bytes("hello"));
    fs::remove_all(settings_.folder);
    const auto place = download->finish(hash_of("hello"));
    ASSERT_FALSE(place);
    EXPECT_EQ(place.error().status, JF_INTERNAL);
    EXPECT_NE(place.error().text.find(settings_.folder.string()), std::string::npos) << place.error().text;
}

TEST_F(DownloadTest, SaysSoWhenItsFolderIsAFile)
{
    std::ofstream(settings_.folder) << "x";
    EXPECT_EQ(open(offer("a.txt", 5)).error().status, JF_INTERNAL);
}

TEST_F(DownloadTest, OfNothingIsAFile)
{
    EXPECT_EQ(*receive("empty", ""), settings_.folder / "empty");
}

} // namespace
