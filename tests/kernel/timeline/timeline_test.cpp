// The timeline: one line an event, in the schema that is written down.

#include "kernel/timeline/timeline.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>

namespace {

using namespace jackfield::kernel;
using Json = nlohmann::json;

TEST(Timeline, WritesAnEventAsOneJsonObject)
{
    const TimelineEvent event{12'345'678,         "00ff",       Side::caller,
                              Step::connectivity, Moment::done, R"({"transport":"tcp"})"};
    EXPECT_EQ(
        to_json_line(event, 345'678),
        R"({"t_ms":12.000,"call":"00ff","side":"caller","step":"connectivity","event":"done","detail":{"transport":"tcp"}})");
}

TEST(Timeline, EveryStepMomentAndSideStandsInTheSchema)
{
    std::ifstream file(JACKFIELD_SOURCE_DIR "/kernel/timeline/timeline.schema.json");
    const Json schema = Json::parse(file)["properties"];
    const auto knows = [&](const char* key, std::string_view name) {
        const auto& names = schema[key]["enum"];
        return std::find(names.begin(), names.end(), name) != names.end();
    };
    for (int step = 0; step <= static_cast<int>(Step::call); ++step)
        EXPECT_TRUE(knows("step", name_of(static_cast<Step>(step)))) << name_of(static_cast<Step>(step));
    for (int moment = 0; moment <= static_cast<int>(Moment::failed); ++moment)
        EXPECT_TRUE(knows("event", name_of(static_cast<Moment>(moment))));
    for (int side = 0; side <= static_cast<int>(Side::node); ++side)
        EXPECT_TRUE(knows("side", name_of(static_cast<Side>(side))));
}

TEST(Timeline, AFailureSaysStatusAndText)
{
    const auto detail = Json::parse(failure_detail({JF_TIMEOUT, "no \"answer\"\xff"}));
    EXPECT_EQ(detail["status"], "timeout");
    EXPECT_TRUE(detail["text"].get<std::string>().starts_with("no \"answer\""));
}

TEST(Timeline, AListenerMayRemoveItselfInItsOwnCall)
{
    Timeline timeline;
    int heard = 0;
    int id = 0;
    id = timeline.add([&](const TimelineEvent&) {
        ++heard;
        timeline.remove(id);
    });
    timeline.tell({});
    timeline.tell({});
    EXPECT_EQ(heard, 1);
}

} // namespace
