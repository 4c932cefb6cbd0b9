// The Chrome trace: what comes out is JSON in which every duration nests, whatever the order of the events.

#include "kernel/timeline/trace_chrome.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <map>
#include <random>
#include <set>
#include <vector>

namespace {

using namespace jackfield::kernel;
using Json = nlohmann::json;

TimelineEvent event_at(std::int64_t t_ms, Step step, Moment moment, std::string detail = {},
                       std::string call = "c0ffee", Side side = Side::caller)
{
    return {t_ms * 1'000'000, std::move(call), side, step, moment, std::move(detail)};
}

Json trace_of(const std::vector<TimelineEvent>& events)
{
    ChromeTrace form(0);
    std::string text = form.head();
    for (const auto& event : events)
        text += form.text(event);
    return Json::parse(text + form.tail());
}

/// One duration of a row, as a viewer puts it together.
struct Duration {
    std::string name;
    double from_us = 0;
    double to_us = 0;
    std::size_t depth = 0;
    Json pid;
    Json tid;
    Json end_args;
};

/// Fails if an end does not belong to the duration that began last in its row, or one does not end.
std::vector<Duration> durations_of(const Json& trace)
{
    std::vector<Duration> all;
    std::map<std::pair<int, int>, std::vector<Duration>> open;
    for (const auto& event : trace) {
        const auto row = std::pair(event["pid"].get<int>(), event["tid"].get<int>());
        if (event["ph"] == "B") {
            open[row].push_back(
                {event["name"], event["ts"], 0, open[row].size(), event["pid"], event["tid"], Json::object()});
        } else if (event["ph"] == "E") {
            if (open[row].empty()) {
                ADD_FAILURE() << "ends without having begun: " << event;
                continue;
            }
            Duration one = open[row].back();
            open[row].pop_back();
            EXPECT_EQ(event["name"], one.name) << "does not nest";
            one.to_us = event["ts"];
            EXPECT_GE(one.to_us, one.from_us);
            one.end_args = event["args"];
            all.push_back(one);
        }
    }
    for (const auto& [row, left] : open)
        EXPECT_TRUE(left.empty()) << left.back().name << " never ends";
    return all;
}

const Duration* find(const std::vector<Duration>& all, const std::string& name)
{
    const auto found = std::ranges::find(all, name, &Duration::name);
    return found == all.end() ? nullptr : &*found;
}

/// What a caller tells, media negotiated while it rings.
const std::vector<TimelineEvent> kCall{
    event_at(1, Step::call, Moment::start),
    event_at(1, Step::discovery, Moment::start),
    event_at(3, Step::discovery, Moment::done),
    event_at(3, Step::signaling, Moment::start),
    event_at(4, Step::media_connectivity, Moment::start),
    event_at(5, Step::signaling, Moment::progress, R"({"what":"ringing"})"),
    event_at(6, Step::media_connectivity, Moment::done, R"({"components":1})"),
    event_at(6, Step::media, Moment::start),
    event_at(7, Step::signaling, Moment::done),
    event_at(8, Step::media, Moment::progress, R"({"what":"first_audio"})"),
    event_at(9, Step::call, Moment::done, R"({"answered":true})"),
};

TEST(ChromeTrace, ShowsEachStepAsADurationWithinItsCall)
{
    const auto all = durations_of(trace_of(kCall));
    ASSERT_EQ(all.size(), 5U);
    const auto* call = find(all, "call");
    const auto* discovery = find(all, "discovery");
    ASSERT_TRUE(call && discovery && find(all, "media") && find(all, "media_connectivity"));
    EXPECT_EQ(call->from_us, 1000);
    EXPECT_EQ(call->to_us, 9000);
    EXPECT_EQ(discovery->from_us, 1000);
    EXPECT_EQ(discovery->to_us, 3000);
    EXPECT_EQ(discovery->depth, 1U) << "in the row of its call, within it";
    EXPECT_EQ(discovery->tid, call->tid);
    EXPECT_EQ(find(all, "media_connectivity")->end_args["components"], 1);
    EXPECT_EQ(find(all, "media")->to_us, 9000) << "media ends with its call";
}

TEST(ChromeTrace, StepsAtTheSameTimeTakeRowsOfTheirOwn)
{
    const auto all = durations_of(trace_of(kCall));
    const auto* signaling = find(all, "signaling");
    const auto* paths = find(all, "media_connectivity");
    ASSERT_TRUE(signaling && paths);
    EXPECT_EQ(signaling->pid, paths->pid);
    EXPECT_NE(signaling->tid, paths->tid);
}

TEST(ChromeTrace, EveryCallAndSideIsATrackWithAName)
{
    auto events = kCall;
    for (auto event : kCall) {
        event.side = Side::callee;
        events.push_back(event);
        event.call = "decaf";
        events.push_back(event);
    }
    events.push_back(event_at(1, Step::identity, Moment::start, {}, "", Side::node));
    std::set<std::string> names;
    for (const auto& event : trace_of(events)) {
        if (event["name"] == "process_name")
            names.insert(event["args"]["name"].get<std::string>());
    }
    EXPECT_EQ(names, (std::set<std::string>{"caller c0ffee", "callee c0ffee", "callee decaf", "node"}));
}

TEST(ChromeTrace, ProgressIsAMarkInTheRowOfItsStep)
{
    const auto trace = trace_of(kCall);
    const auto mark =
        std::ranges::find_if(trace, [](const Json& event) { return event["name"] == "media: first_audio"; });
    ASSERT_NE(mark, trace.end());
    EXPECT_EQ((*mark)["ph"], "i");
    EXPECT_EQ((*mark)["tid"], find(durations_of(trace), "media")->tid);
}

TEST(ChromeTrace, AFailureIsInTheArgumentsOfItsEnd)
{
    const auto all = durations_of(
        trace_of({event_at(1, Step::call, Moment::start), event_at(1, Step::answer, Moment::start),
                  event_at(2, Step::answer, Moment::failed, R"({"status":"timeout","text":"\u00e9 \"too\" late"})"),
                  event_at(3, Step::call, Moment::failed, R"({"status":"timeout"})")}));
    const auto* answer = find(all, "answer");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->end_args["failed"], true);
    EXPECT_EQ(answer->end_args["text"], "\xc3\xa9 \"too\" late");
}

TEST(ChromeTrace, AStepThatEndsWithoutHavingBegunIsAMark)
{
    const auto trace = trace_of({event_at(1, Step::request, Moment::done, {}, "", Side::callee)});
    EXPECT_TRUE(durations_of(trace).empty());
    EXPECT_EQ(trace.back()["name"], "request: done");
    EXPECT_EQ(trace.back()["ph"], "i");
}

TEST(ChromeTrace, NestsWhateverTheOrderOfEvents)
{
    std::mt19937 random(1); // any events at all, also those that no flow tells
    const auto any = [&](int bound) { return static_cast<int>(random() % static_cast<unsigned>(bound)); };
    for (int round = 0; round < 200; ++round) {
        std::vector<TimelineEvent> events;
        for (int i = 0; i < 60; ++i)
            events.push_back(event_at(i, static_cast<Step>(any(11)), static_cast<Moment>(any(4)),
                                      any(2) == 0 ? "" : R"({"what":5,"text":"x"})", any(2) == 0 ? "" : "a",
                                      static_cast<Side>(any(3))));
        durations_of(trace_of(events));
    }
}

TEST(ChromeTrace, IsJsonWhateverAPeerHasSaid)
{
    const auto trace = trace_of({event_at(1, Step::call, Moment::failed, "not json"),
                                 event_at(2, Step::media, Moment::progress, R"({"what":"a\nb\u0000"})")});
    EXPECT_EQ(trace.back()["args"]["what"], std::string("a\nb\0", 4));
}

} // namespace
