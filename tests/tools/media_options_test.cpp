// --send and --record: what is refused before a call, and that no recording is lost.

#include "tests/kernel/temporary_folder.hpp"
#include "tools/jackfield/media_options.hpp"
#include "tools/jackfield/session.hpp"

#include <gtest/gtest.h>

namespace {

using namespace jackfield::program;

const VerbInfo kVerb{"try", "", "", {{"record", "FILE", ""}, overwrite_option()}, 0, 0};

class Recording : public ::testing::Test {
protected:
    RecordingNames names(const std::string& file, bool overwrite = false)
    {
        std::vector<std::string> line{"--record", file};
        if (overwrite)
            line.emplace_back("--overwrite");
        return RecordingNames(parse(kVerb, line));
    }

    std::string in_folder(const std::string& name) const { return (folder_.path() / name).string(); }

    jackfield::test::TemporaryFolder folder_;
};

/// The sentence and exit code of a Stop.
template <typename F>
std::pair<std::string, int> stopped(F&& action)
{
    try {
        action();
        return {"", kOk};
    } catch (const Stop& stop) {
        return {stop.what(), stop.code()};
    }
}

TEST_F(Recording, GoesNowhereIfNobodyAsks)
{
    const RecordingNames none(parse(kVerb, {}));
    EXPECT_EQ(none.only(), "") << "a configuration need not have a sink for it";
    EXPECT_EQ(none.next(), "");
    EXPECT_EQ(names("null").only(), "");
}

TEST_F(Recording, ThatIsThereAlreadyIsNotTakenForASingleCall)
{
    const auto file = folder_.write("call.mkv", "a recording").string();
    const auto [sentence, code] = stopped([&] { return names(file).only(); });
    EXPECT_EQ(code, kMedia);
    EXPECT_EQ(sentence, "\"" + file + "\" is there already; another name would work, or --overwrite");
    EXPECT_EQ(names(file, true).only(), file);
}

TEST_F(Recording, OfManyCallsGoesToTheNextFreeName)
{
    EXPECT_EQ(names(in_folder("call.mkv")).next(), in_folder("call.mkv"));
    folder_.write("call.mkv", "one");
    folder_.write("call-2.mkv", "two");
    EXPECT_EQ(names(in_folder("call.mkv")).next(), in_folder("call-3.mkv"));
    EXPECT_EQ(names(in_folder("call.mkv"), true).next(), in_folder("call.mkv"));
}

TEST_F(Recording, AnEmptyFileHasNothingToLose)
{
    folder_.write("call.mkv", "");
    EXPECT_EQ(names(in_folder("call.mkv")).only(), in_folder("call.mkv"));
}

TEST_F(Recording, IntoAFolderThatIsMissingIsSaidAtOnce)
{
    const auto [sentence, code] = stopped([&] { names(in_folder("missing/call.mkv")); });
    EXPECT_EQ(code, kMedia);
    EXPECT_NE(sentence.find("there is no folder"), std::string::npos) << sentence;
}

TEST_F(Recording, OverwriteAloneIsAMistake)
{
    EXPECT_THROW(RecordingNames(parse(kVerb, {"--overwrite"})), UsageError);
}

TEST_F(Recording, OfACallThatNobodyAnsweredLeavesNoFile)
{
    const auto unanswered = folder_.write("a.mkv", "head").string();
    const auto silent = folder_.write("b.mkv", "").string();
    const auto kept = folder_.write("c.mkv", "sound").string();
    RecordingNames::discard_unused(unanswered, false);
    RecordingNames::discard_unused(silent, true);
    RecordingNames::discard_unused(kept, true);
    EXPECT_FALSE(std::filesystem::exists(unanswered));
    EXPECT_FALSE(std::filesystem::exists(silent));
    EXPECT_TRUE(std::filesystem::exists(kept));
}

TEST_F(Recording, ASourceThatLooksLikeAFileMustBeOne)
{
    EXPECT_EQ(stopped([&] { check_source(in_folder("film.mp4")); }).second, kMedia);
    EXPECT_EQ(stopped([&] { check_source(folder_.path().string()); }).second, kMedia);
    check_source("test");
    check_source("");
    check_source(folder_.write("film.mp4", "x").string());
}

} // namespace
