// What is told of an interval, and what is not because nobody measured it.

#include "kernel/media/meter.hpp"
#include "kernel/media/rate_debt.hpp"

#include <gtest/gtest.h>

namespace {

using namespace jackfield::kernel;
using namespace std::chrono_literals;
using Json = nlohmann::json;

Json sound(int packets, int lost, int late = 0)
{
    return {{"kind", "audio"},
            {"codec", "PCMU"},
            {"packets_sent", packets},
            {"bytes_sent", packets * 160},
            {"packets_received", packets - lost},
            {"bytes_received", (packets - lost) * 160},
            {"packets_lost", lost},
            {"packets_late", late},
            {"packets_dropped", 0},
            {"jitter_ms", 1.25},
            {"jitter_buffer_ms", 40.0}};
}

std::string call_of(const Json& stream)
{
    return Json{{"streams", {stream}}}.dump();
}

TEST(MediaMeter, TellsRatesOfTheIntervalNotOfTheCall)
{
    MediaMeter meter;
    EXPECT_TRUE(meter.look(call_of(sound(1000, 10)), 0s).empty());
    const auto told = meter.look(call_of(sound(1050, 15)), 500ms);
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0]["stream"], 0);
    EXPECT_EQ(told[0]["interval_ms"], 500);
    EXPECT_EQ(told[0]["packets_sent"], 50);
    EXPECT_EQ(told[0]["packets_received"], 45);
    EXPECT_EQ(told[0]["packets_lost"], 5);
    EXPECT_DOUBLE_EQ(told[0]["sent_bps"].get<double>(), 128'000);
    EXPECT_DOUBLE_EQ(told[0]["received_bps"].get<double>(), 115'200);
    EXPECT_DOUBLE_EQ(told[0]["loss"].get<double>(), 0.1);
    EXPECT_DOUBLE_EQ(told[0]["jitter_ms"].get<double>(), 1.25);
    EXPECT_EQ(told[0]["codec"], "PCMU");
}

TEST(MediaMeter, WithoutARoundTripThereIsNoScore)
{
    MediaMeter meter;
    meter.look(call_of(sound(0, 0)), 0s);
    const auto told = meter.look(call_of(sound(50, 0)), 1s);
    EXPECT_FALSE(told[0].contains("round_trip_ms"));
    EXPECT_FALSE(told[0].contains("mos"));
    EXPECT_FALSE(told[0].contains("rating"));
}

TEST(MediaMeter, TheScoreCountsHalfTheRoundTripTheBufferAndWhatWasNotPlayed)
{
    MediaMeter meter;
    auto stream = sound(1000, 0);
    meter.look(call_of(stream), 0s);
    stream = sound(1050, 0);
    stream["round_trip_ms"] = 120; // with 40 ms of buffer: 100 ms, which nobody notices
    EXPECT_DOUBLE_EQ(meter.look(call_of(stream), 1s)[0]["rating"].get<double>(), 93.2);
    stream = sound(1100, 0);
    stream["round_trip_ms"] = 320; // 200 ms
    auto told = meter.look(call_of(stream), 1s);
    EXPECT_DOUBLE_EQ(told[0]["rating"].get<double>(), 90.2);
    EXPECT_DOUBLE_EQ(told[0]["mos"].get<double>(), 4.34);
    stream = sound(1200, 0, 1); // one of a hundred too late to be played
    stream["round_trip_ms"] = 120;
    told = meter.look(call_of(stream), 1s);
    EXPECT_DOUBLE_EQ(told[0]["rating"].get<double>(), 89.6);
    EXPECT_DOUBLE_EQ(told[0]["loss"].get<double>(), 0);
}

TEST(MediaMeter, WhatHasNotArrivedHasNeitherJitterNorLoss)
{
    MediaMeter meter;
    auto silent = sound(0, 0);
    meter.look(call_of(silent), 0s);
    silent["packets_sent"] = 50;
    silent["round_trip_ms"] = 20;
    const auto told = meter.look(call_of(silent), 1s);
    EXPECT_EQ(told[0]["packets_sent"], 50);
    for (const char* key : {"jitter_ms", "jitter_buffer_ms", "loss", "mos"})
        EXPECT_FALSE(told[0].contains(key)) << key;
}

TEST(MediaMeter, ALossThatALatePacketTakesBackIsNoNegativeLoss)
{
    MediaMeter meter;
    meter.look(call_of(sound(1000, 5)), 0s);
    const auto told = meter.look(call_of(sound(1050, 3)), 1s);
    EXPECT_EQ(told[0]["packets_lost"], 0);
    EXPECT_DOUBLE_EQ(told[0]["loss"].get<double>(), 0);
}

TEST(MediaMeter, PicturesHaveSizesAndRatesAndNoScore)
{
    Json pictures{{"kind", "video"},       {"codec", "VP8"},           {"frames_sent", 100},
                  {"frames_decoded", 90},  {"sent_width_px", 640},     {"sent_height_px", 480},
                  {"packets_received", 9}, {"packets_lost", 0},        {"round_trip_ms", 10},
                  {"jitter_buffer_ms", 5}, {"received_width_px", 320}, {"received_height_px", 240}};
    MediaMeter meter;
    meter.look(call_of(pictures), 0s);
    pictures["frames_sent"] = 130;
    pictures["frames_decoded"] = 105;
    pictures["packets_received"] = 40;
    const auto told = meter.look(call_of(pictures), 1s);
    EXPECT_DOUBLE_EQ(told[0]["sent_frames_per_s"].get<double>(), 30);
    EXPECT_DOUBLE_EQ(told[0]["received_frames_per_s"].get<double>(), 15);
    EXPECT_EQ(told[0]["sent_width_px"], 640);
    EXPECT_EQ(told[0]["received_height_px"], 240);
    EXPECT_FALSE(told[0].contains("mos"));
}

TEST(MediaMeter, TellsWhatCongestionControlWantsAndWhatWaits)
{
    MediaMeter meter;
    Json stream = sound(1000, 10);
    stream["packets_repaired"] = 4;
    meter.look(call_of(stream), 0s);
    stream = sound(1050, 15);
    stream["target_bps"] = 480'000;
    stream["queued_packets"] = 7;
    stream["queued_ms"] = 12.3456;
    stream["packets_repaired"] = 9;
    const auto told = meter.look(call_of(stream), 1s);
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0]["target_bps"], 480'000);
    EXPECT_EQ(told[0]["queued_packets"], 7);
    EXPECT_EQ(told[0]["queued_ms"], 12.346);
    EXPECT_EQ(told[0]["packets_repaired"], 5);
}

TEST(MediaMeter, AnAnswerThatIsNoStatisticsTellsNothing)
{
    MediaMeter meter;
    for (const char* answer : {"", "{}", "[1]", R"({"streams":[]})", R"({"streams":3})"}) {
        meter.look(answer, 0s);
        EXPECT_TRUE(meter.look(answer, 1s).empty()) << answer;
    }
    EXPECT_TRUE(meter.look(call_of(sound(50, 0)), 1s).empty()) << "there is nothing to compare with";
    EXPECT_TRUE(meter.look(R"({"streams":[7]})", 1s).empty());
}

TEST(RateDebt, LeavesPicturesOutWhileThoseBeforeWereTooLarge)
{
    RateDebt debt;
    constexpr std::int64_t kMs = 1'000'000;
    EXPECT_FALSE(debt.should_skip(100'000, 0));
    debt.made(10'000); // 0.8 s at that rate
    EXPECT_TRUE(debt.should_skip(100'000, 33 * kMs));
    EXPECT_TRUE(debt.should_skip(100'000, 390 * kMs));
    EXPECT_FALSE(debt.should_skip(100'000, 410 * kMs)) << "0.39 s are left";
    debt.made(1'000'000);
    EXPECT_FALSE(debt.should_skip(0, 420 * kMs)) << "nobody has said how much";
    EXPECT_FALSE(debt.should_skip(100'000, 430 * kMs)) << "and that is forgotten";
    for (int picture = 0; picture < 300; ++picture) { // an encoder that makes twice as much
        if (!debt.should_skip(200'000, (500 + picture * 33) * kMs))
            debt.made(1650);
    }
    debt.made(9000);
    EXPECT_TRUE(debt.should_skip(200'000, 10'500 * kMs));
}

} // namespace
