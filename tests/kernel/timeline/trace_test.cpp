// Traces: a form by the ending of the name, and files that can be read however the process ended.

#include "kernel/timeline/trace.hpp"
#include "tests/kernel/temporary_folder.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

namespace {

using namespace jackfield::kernel;
using Json = nlohmann::json;

TimelineEvent event_at(std::int64_t t_ms, Step step, Moment moment, std::string detail = {})
{
    return {t_ms * 1'000'000, "00ff00ff00ff00ff", Side::caller, step, moment, std::move(detail)};
}

std::string text_of(const std::filesystem::path& file)
{
    std::ifstream stream(file);
    return {std::istreambuf_iterator<char>(stream), {}};
}

std::vector<std::string> lines_of(const std::filesystem::path& file)
{
    std::vector<std::string> lines;
    std::ifstream stream(file);
    for (std::string line; std::getline(stream, line);)
        lines.push_back(line);
    return lines;
}

class TraceFile : public ::testing::Test {
protected:
    std::unique_ptr<Trace> open(const char* name)
    {
        auto trace = Trace::open(folder_.path() / name, 1'000'000);
        EXPECT_TRUE(trace) << trace.error().text;
        return std::move(*trace);
    }

    jackfield::test::TemporaryFolder folder_;
};

TEST_F(TraceFile, AnEndingThatIsNoneIsRefusedWithThoseThatAre)
{
    const auto trace = Trace::open(folder_.path() / "trace.xml", 0);
    ASSERT_FALSE(trace);
    EXPECT_EQ(trace.error().status, JF_BAD_INPUT);
    for (const char* ending : {".jsonl", ".csv", ".json"})
        EXPECT_NE(trace.error().text.find(ending), std::string::npos) << trace.error().text;
    EXPECT_FALSE(std::filesystem::exists(folder_.path() / "trace.xml"));
}

TEST_F(TraceFile, AFolderThatIsMissingIsSaid)
{
    const auto trace = Trace::open(folder_.path() / "missing" / "trace.csv", 0);
    ASSERT_FALSE(trace);
    EXPECT_EQ(trace.error().status, JF_NOT_FOUND);
    EXPECT_NE(trace.error().text.find("No such file"), std::string::npos) << trace.error().text;
}

TEST_F(TraceFile, JsonLinesAreThoseOfTheTimeline)
{
    const auto event = event_at(3, Step::answer, Moment::failed, R"({"status":"timeout","text":"too late"})");
    open("trace.jsonl")->write(event);
    EXPECT_EQ(text_of(folder_.path() / "trace.jsonl"), to_json_line(event, 1'000'000) + "\n");
}

TEST_F(TraceFile, CsvHasOneRowAnEventAndQuotesWhatNeedsIt)
{
    {
        const auto trace = open("trace.csv");
        trace->write(event_at(3, Step::signaling, Moment::progress, R"({"what":"ringing"})"));
        trace->write(event_at(4, Step::answer, Moment::failed, R"({"status":"timeout","text":"no, \"not\" in time"})"));
        trace->write(event_at(5, Step::media, Moment::start));
    }
    const auto lines = lines_of(folder_.path() / "trace.csv");
    ASSERT_EQ(lines.size(), 4U);
    EXPECT_EQ(lines[0], "t_ms,t_ns,call,side,step,event,what,status,text,detail");
    EXPECT_EQ(lines[1],
              R"(2.000,3000000,00ff00ff00ff00ff,caller,signaling,progress,ringing,,,"{""what"":""ringing""}")");
    EXPECT_EQ(lines[2], R"(3.000,4000000,00ff00ff00ff00ff,caller,answer,failed,,timeout,"no, ""not"" in time",)"
                        R"("{""status"":""timeout"",""text"":""no, \""not\"" in time""}")");
    EXPECT_EQ(lines[3], "4.000,5000000,00ff00ff00ff00ff,caller,media,start,,,,");
}

TEST_F(TraceFile, AnOldTraceIsReplaced)
{
    open("trace.jsonl")->write(event_at(3, Step::answer, Moment::start));
    open("trace.jsonl")->write(event_at(4, Step::media, Moment::start));
    EXPECT_EQ(lines_of(folder_.path() / "trace.jsonl").size(), 1U);
}

TEST_F(TraceFile, AFullDiskEndsTheTraceAndIsRemembered)
{
    std::error_code failed;
    std::filesystem::create_symlink("/dev/full", folder_.path() / "trace.jsonl", failed);
    ASSERT_FALSE(failed);
    const auto trace = open("trace.jsonl");
    trace->write(event_at(3, Step::answer, Moment::start));
    EXPECT_EQ(trace->problem().status, JF_REFUSED);
    EXPECT_NE(trace->problem().text.find("ends early"), std::string::npos) << trace->problem().text;
    trace->write(event_at(4, Step::media, Moment::start)); // does nothing, harms nothing
}

/// Writes two events in a child process that then kills itself. Returns the lines of the file.
std::vector<std::string> lines_after_kill(const std::filesystem::path& file)
{
    const pid_t child = fork();
    if (child == 0) {
        const auto trace = Trace::open(file, 0);
        (*trace)->write(event_at(3, Step::call, Moment::start));
        (*trace)->write(event_at(4, Step::answer, Moment::start));
        kill(getpid(), SIGKILL);
    }
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status));
    return lines_of(file);
}

TEST_F(TraceFile, AKilledProcessLeavesEveryEventSoFar)
{
    const auto json = lines_after_kill(folder_.path() / "trace.jsonl");
    ASSERT_EQ(json.size(), 2U);
    EXPECT_EQ(Json::parse(json[1])["step"], "answer");
    EXPECT_EQ(lines_after_kill(folder_.path() / "trace.csv").size(), 3U);
}

TEST_F(TraceFile, AChromeTraceOfAKilledProcessLacksItsBracketOnly)
{
    const auto file = folder_.path() / "trace.json";
    lines_after_kill(file);
    const Json events = Json::parse(text_of(file) + "]");
    EXPECT_EQ(events.back()["name"], "answer");
    EXPECT_EQ(events.back()["ph"], "B");
}

} // namespace
