// What a running call tells of its streams, second by second.

#include "tests/kernel/doubles/media_transport.hpp"
#include "tests/kernel/doubles/rig.hpp"
#include "tests/schema_check/schema_check.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace jackfield::doubles {
namespace {

using namespace kernel;
using Json = nlohmann::json;

std::string counted(int packets)
{
    const Json stream{{"kind", "audio"},       {"packets_sent", packets}, {"bytes_sent", packets * 100},
                      {"packets_received", 7}, {"bytes_received", 700},   {"packets_lost", 0},
                      {"packets_late", 0},     {"jitter_ms", 2.0},        {"jitter_buffer_ms", 20.0},
                      {"round_trip_ms", 30.0}};
    return Json{{"streams", {stream}}}.dump();
}

class CallStatistics : public ::testing::Test {
protected:
    explicit CallStatistics(const RigOptions& options = {}) : rig_(options)
    {
        rig_.stage.script.counted = counted(0);
        rig_.timeline.add([this](const TimelineEvent& event) {
            const Json detail = Json::parse(event.detail_json.empty() ? "{}" : event.detail_json);
            if (detail.value("what", "") != "statistics")
                return;
            EXPECT_EQ(event.step, Step::media);
            EXPECT_EQ(event.moment, Moment::progress);
            EXPECT_TRUE(test::satisfies(Json::parse(to_json_line(event, 0)),
                                        JACKFIELD_SOURCE_DIR "/kernel/timeline/timeline.schema.json"))
                << detail;
            told_.push_back(detail);
        });
    }

    Rig rig_;
    std::vector<Json> told_;
};

TEST_F(CallStatistics, AreToldOnceASecondWhileTheCallRuns)
{
    const auto call = rig_.call();
    ASSERT_EQ(rig_.program->heard_answer, 1);
    rig_.advance(999ms);
    EXPECT_TRUE(told_.empty());
    rig_.stage.script.counted = counted(50);
    rig_.advance(1ms);
    ASSERT_EQ(told_.size(), 1U);
    EXPECT_EQ(told_[0]["packets_sent"], 50);
    EXPECT_EQ(told_[0]["interval_ms"], 1000);
    EXPECT_EQ(told_[0]["sent_bps"], 40'000);
    EXPECT_EQ(told_[0]["codec"], "tone");
    EXPECT_FALSE(told_[0].contains("mos")) << "nobody measured that codec";

    call->bell.ring(); // something else happens within the second
    rig_.settle();
    EXPECT_EQ(told_.size(), 1U);
    rig_.stage.script.counted = counted(80);
    rig_.advance(1s);
    ASSERT_EQ(told_.size(), 2U);
    EXPECT_EQ(told_[1]["packets_sent"], 30);

    call->hang_up();
    rig_.settle();
    rig_.advance(3s);
    EXPECT_EQ(told_.size(), 2U);
}

TEST_F(CallStatistics, ASecondThatTookLongerIsToldWithItsLength)
{
    rig_.call();
    rig_.stage.script.counted = counted(100);
    rig_.advance(2500ms);
    ASSERT_EQ(told_.size(), 1U) << "what was missed is not made up";
    EXPECT_EQ(told_[0]["interval_ms"], 2500);
    EXPECT_EQ(told_[0]["sent_bps"], 32'000);
}

TEST_F(CallStatistics, SayTheLongestTimeWithoutAPacket)
{
    rig_.call();
    const auto packet = [&] { rig_.stage.get<MediaTransportDouble::Session>("transport").listener().arrived(0); };
    packet();
    rig_.advance(20ms);
    packet();
    rig_.advance(300ms);
    packet();
    rig_.advance(680ms);
    ASSERT_EQ(told_.size(), 1U);
    EXPECT_EQ(told_[0]["longest_gap_ms"], 300);
    rig_.advance(1s);
    ASSERT_EQ(told_.size(), 2U);
    EXPECT_FALSE(told_[1].contains("longest_gap_ms")) << "nothing has come: it is not over yet";
    packet();
    rig_.advance(1s);
    ASSERT_EQ(told_.size(), 3U);
    EXPECT_EQ(told_[2]["longest_gap_ms"], 1680);
}

TEST_F(CallStatistics, SayWhichWayThePacketsTake)
{
    rig_.call();
    rig_.advance(1s);
    ASSERT_EQ(told_.size(), 1U);
    EXPECT_EQ(told_[0]["path"].size(), 3U) << told_[0];
    EXPECT_FALSE(told_[0]["path"].value("local", "").empty());
    EXPECT_FALSE(told_[0]["path"].value("remote", "").empty());
    EXPECT_EQ(told_[0]["path"]["relayed"], false);
}

TEST_F(CallStatistics, AreNotToldOfATransportThatCountsNothing)
{
    rig_.stage.script.counted = R"({"streams":[]})";
    rig_.call();
    rig_.advance(1s);
    rig_.advance(1s);
    EXPECT_TRUE(told_.empty());
}

class CallStatisticsOverChannels : public CallStatistics {
protected:
    CallStatisticsOverChannels() : CallStatistics({.over_channels = true}) {}
};

TEST_F(CallStatisticsOverChannels, SayTheChannelAndTheWayOfItsLink)
{
    rig_.call();
    rig_.advance(1s);
    ASSERT_EQ(told_.size(), 1U);
    EXPECT_TRUE(told_[0]["path"].value("channel", "").starts_with("media-")) << told_[0];
    EXPECT_FALSE(told_[0]["path"].value("remote", "").empty()) << told_[0];
}

} // namespace
} // namespace jackfield::doubles
