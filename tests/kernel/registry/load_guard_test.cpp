// What a library must be before it is loaded: only ours to write to, listed, and one that does not take the process
// with it. And that it is tried once.

#include "kernel/config/find_plugins.hpp"
#include "kernel/files/sha256.hpp"
#include "kernel/registry/load_guard.hpp"
#include "kernel/registry/probe.hpp"
#include "tests/kernel/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <sstream>

namespace {

using namespace jackfield::kernel;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

const fs::path kAtLoad = fs::path(JACKFIELD_BINARY_DIR) / "tests/at_load";
const fs::path kGood = fs::path(JACKFIELD_BINARY_DIR) / "tests/bad_plugins/good-c.so";

class ALibrary : public testing::Test {
protected:
    /// A copy that the test may do with as it likes.
    fs::path take(const fs::path& from, const std::string& name = "one.so")
    {
        const auto file = folder_.path() / name;
        fs::copy_file(from, file, fs::copy_options::overwrite_existing);
        fs::permissions(file, fs::perms::owner_all);
        return file;
    }

    GuardSettings settings(std::vector<std::string> allowed = {})
    {
        GuardSettings settings;
        settings.allowed = std::move(allowed);
        settings.probe = find_probe();
        settings.memory = memory_;
        settings.patience = 20s;
        return settings;
    }

    std::string refusal(const fs::path& library) { return refusal(library, settings()); }

    std::string refusal(const fs::path& library, GuardSettings settings)
    {
        const auto problem = LoadGuard(std::move(settings)).refusal(library);
        return problem ? problem->text : "";
    }

    std::string skipped_until() const
    {
        return ", in a process that only tried it; it is skipped until it changes, or until " + memory_.string() +
               " is removed";
    }

    jackfield::test::TemporaryFolder folder_;
    const fs::path memory_ = folder_.path() / "cache" / "probed.json";
};

TEST_F(ALibrary, ThatLoadsIsTriedOnceAndMayBeLoaded)
{
    ASSERT_FALSE(find_probe().empty());
    EXPECT_EQ(refusal(take(kGood)), "");
    EXPECT_TRUE(fs::exists(memory_));
    auto later = settings();
    later.probe = "/bin/false"; // whoever is tried now does not come through
    EXPECT_EQ(refusal(folder_.path() / "one.so", later), "");
    EXPECT_EQ(refusal(take(kGood, "two.so"), later), "") << "the same content elsewhere";
}

TEST_F(ALibrary, ThatCrashesWhileItIsLoadedIsRefusedWithTheSignal)
{
    EXPECT_EQ(refusal(take(kAtLoad / "at-load-crashes.so")),
              "it crashed (SIGABRT) while it was being loaded" + skipped_until());
}

TEST_F(ALibrary, ThatEndsTheProcessIsRefusedWithTheExitCode)
{
    EXPECT_EQ(refusal(take(kAtLoad / "at-load-exits.so")),
              "it ended the process (exit code 0) while it was being loaded" + skipped_until());
}

TEST_F(ALibrary, ThatIsNotLoadedInTimeIsRefused)
{
    auto hasty = settings();
    hasty.patience = 100ms;
    EXPECT_EQ(refusal(take(kAtLoad / "at-load-hangs.so"), hasty), "it was not loaded within 0.1 s" + skipped_until());
}

TEST_F(ALibrary, ThatWritesToTheOutputOfTheProbeIsNotBelieved)
{
    EXPECT_EQ(refusal(take(kAtLoad / "at-load-talks.so")),
              "it crashed (SIGKILL) while it was being loaded" + skipped_until());
}

TEST_F(ALibrary, ThatTheLoaderRefusesIsNotTheGuardsBusiness)
{
    const auto file = folder_.path() / "one.so";
    std::ofstream(file) << "no library";
    EXPECT_EQ(refusal(file), "");
    EXPECT_EQ(refusal(folder_.path() / "not there.so"), "");
}

TEST_F(ALibrary, ThatDidNotComeThroughIsTriedAgainWhenItHasChanged)
{
    EXPECT_NE(refusal(take(kAtLoad / "at-load-crashes.so")), "");
    EXPECT_EQ(refusal(take(kGood)), "");
}

TEST_F(ALibrary, IsTriedAgainWhenTheMemoryIsGoneOrBroken)
{
    const auto file = take(kAtLoad / "at-load-crashes.so");
    EXPECT_NE(refusal(file), "");
    for (const auto* text : {"", "{", "[]", R"({"jackfield_probed": 1})", R"({"jackfield_probed": 2, "libraries": {}})",
                             R"({"jackfield_probed": 1, "libraries": {"a": {"sha256": 7}}})"}) {
        std::ofstream(memory_) << text;
        EXPECT_NE(refusal(file), "") << text;
        std::stringstream now;
        now << std::ifstream(memory_).rdbuf();
        EXPECT_NE(now.str().find("SIGABRT"), std::string::npos) << text;
    }
}

TEST_F(ALibrary, IsNotTriedWhereNothingCanBeRemembered)
{
    auto without = settings();
    without.memory.clear();
    EXPECT_EQ(refusal(take(kAtLoad / "at-load-crashes.so"), without), "");
}

TEST_F(ALibrary, ThatEverybodyMayWriteToIsRefused)
{
    const auto file = take(kGood);
    fs::permissions(file, fs::perms::owner_all | fs::perms::others_write);
    EXPECT_EQ(refusal(file), "everybody may write to it (mode 0702); chmod o-w makes it fit to be loaded");
    fs::permissions(file, fs::perms::owner_all);
    fs::permissions(folder_.path(), fs::perms::all);
    EXPECT_EQ(refusal(file), "everybody may put another in its place (mode 0777 of " +
                                 fs::canonical(folder_.path()).string() +
                                 "); chmod o-w of the folder makes it fit to be loaded");
    fs::permissions(folder_.path(), fs::perms::all | fs::perms::sticky_bit);
    EXPECT_EQ(refusal(file), "") << "as in /tmp, only the owner can";
}

TEST_F(ALibrary, WithAnotherSumThanThoseListedIsRefused)
{
    const auto file = take(kGood);
    std::stringstream content;
    content << std::ifstream(file, std::ios::binary).rdbuf();
    const auto bytes = content.str();
    Sha256 hash;
    hash.update({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
    const auto sum = hash.hex();
    const std::string other(64, 'a');
    EXPECT_EQ(refusal(file, settings({other, sum})), "");
    EXPECT_EQ(refusal(file, settings({other})), "its SHA-256 is " + sum + ", which is none of the 1 of /plugins/allow");
}

TEST_F(ALibrary, ThatIsKnownToBeUnfitIsSkippedByTheNextScan)
{
    std::ofstream(folder_.path() / "at-load-crashes.plugin.json")
        << R"({"manifest": 1, "id": "at-load-crashes", "version": "1.0.0", "interfaces": ["jackfield.codec/1"],)"
        << R"( "abi": "1.0", "library": "one.so"})";
    const auto file = take(kAtLoad / "at-load-crashes.so");
    const std::vector<fs::path> folders{folder_.path()};
    auto first = Registry::scan(folders, std::make_shared<LoadGuard>(settings()));
    const auto loaded = first.load("at-load-crashes");
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().text,
              file.string() + ": it crashed (SIGABRT) while it was being loaded" + skipped_until());
    const auto second = Registry::scan(folders, std::make_shared<LoadGuard>(settings()));
    EXPECT_EQ(second.find("at-load-crashes"), nullptr);
    ASSERT_EQ(second.skipped().size(), 1U);
    EXPECT_EQ(second.skipped().front().reason, "it crashed (SIGABRT) while it was being loaded" + skipped_until());
}

TEST(ProbeMemoryOfManyLibraries, ForgetsTheOldest)
{
    const jackfield::test::TemporaryFolder folder;
    ProbeMemory memory(folder.path() / "probed.json");
    for (std::size_t i = 0; i <= ProbeMemory::kMostLibraries; ++i)
        memory.remember("/no/such/" + std::to_string(i), std::to_string(i), i == 0 ? "first" : "");
    std::size_t known = 0;
    const ProbeMemory again(folder.path() / "probed.json");
    for (std::size_t i = 0; i <= ProbeMemory::kMostLibraries; ++i)
        known += again.found(std::to_string(i)) ? 1 : 0;
    EXPECT_EQ(known, ProbeMemory::kMostLibraries);
}

} // namespace
