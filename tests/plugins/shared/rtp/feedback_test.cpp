// Congestion control feedback (RFC 8888), requests for repair (RFC 4585), what has left and is not accounted for,
// pacing, and when to ask for what is missing: each on its own.
//
// Threads: the test's thread.
#include <shared/rtp/arrival_log.hpp>
#include <shared/rtp/pacing.hpp>
#include <shared/rtp/repair_requests.hpp>
#include <shared/rtp/rtcp_packet.hpp>
#include <shared/rtp/send_history.hpp>
#include <shared/rtp/sent_log.hpp>
#include <shared/rtp/wire.hpp>

#include <gtest/gtest.h>

namespace jackfield::rtp {
namespace {

constexpr std::int64_t kMs = kMillisecondNs;

/// Writes down what a compound says of packets.
struct Heard final : RtcpHandler {
    void sender_report(std::uint32_t, const SenderInfo&) override {}
    void report_block(std::uint32_t, const ReportBlock&) override {}
    void picture_loss(std::uint32_t) override {}
    void full_intra_request(std::uint32_t, std::uint8_t) override {}
    void goodbye(std::uint32_t) override {}
    void missing(std::uint32_t media_ssrc, std::uint16_t sequence) override
    {
        text += "missing " + std::to_string(media_ssrc) + " " + std::to_string(sequence) + "\n";
    }
    void metric(const PacketMetric& metric) override
    {
        metrics.push_back(metric);
        text +=
            std::to_string(metric.ssrc) + " " + std::to_string(metric.sequence) +
            (metric.received ? " ecn " + std::to_string(metric.ecn) + " -" + std::to_string(metric.offset) : " lost") +
            "\n";
    }
    void metrics_end() override { text += "end\n"; }

    std::string text;
    std::vector<PacketMetric> metrics;
};

Bytes report_of(ArrivalLog& log, std::int64_t now_ns, std::uint32_t time = 0x12345678)
{
    RtcpWriter writer;
    writer.receiver_report(7, nullptr);
    CongestionFeedbackWriter feedback(writer.feedback_room(), 7);
    log.report(feedback, now_ns);
    if (!feedback.empty())
        writer.feedback_taken(feedback.finish(time));
    return Bytes(writer.buffer().begin(), writer.buffer().begin() + static_cast<std::ptrdiff_t>(writer.size()));
}

std::string heard(const Bytes& compound)
{
    Heard handler;
    return parse_rtcp(compound, handler) ? handler.text : "not valid";
}

TEST(CongestionFeedback, SaysOfEachPacketWhenItCameOrThatItDidNot)
{
    ArrivalLog log;
    log.arrived(9, 65534, 1000 * kMs, 0);
    log.arrived(9, 65535, 1010 * kMs, 2);
    log.arrived(9, 1, 1030 * kMs, 3); // 0 is missing
    Bytes report = report_of(log, 1050 * kMs);
    EXPECT_EQ(heard(report), "9 65534 ecn 0 -51\n9 65535 ecn 2 -40\n9 0 lost\n9 1 ecn 3 -20\nend\n");
    // RFC 8888 section 3.1: version, FMT 11, PT 205, length in words less one; begin, count; R, ECN, ATO; the time.
    const Bytes expected{0x8b, 205, 0,    6,  0,    0,  0, 7, 0,    0,  0,    9,    0xff, 0xfe,
                         0,    4,   0x80, 51, 0xc0, 40, 0, 0, 0xe0, 20, 0x12, 0x34, 0x56, 0x78};
    EXPECT_EQ(Bytes(report.begin() + 8, report.end()), expected);
}

TEST(CongestionFeedback, IsSaidTwiceAndNoMore)
{
    ArrivalLog log;
    log.arrived(9, 10, 1000 * kMs, 0);
    EXPECT_EQ(heard(report_of(log, 1000 * kMs)), "9 10 ecn 0 -0\nend\n");
    EXPECT_EQ(heard(report_of(log, 1100 * kMs)), "9 10 ecn 0 -102\nend\n") << "the first may have been lost";
    EXPECT_EQ(heard(report_of(log, 1150 * kMs)), "") << "without news there is nothing to say";
    log.arrived(9, 11, 1200 * kMs, 0);
    EXPECT_EQ(heard(report_of(log, 1200 * kMs)), "9 11 ecn 0 -0\nend\n");
    log.arrived(9, 13, 1300 * kMs, 0);
    EXPECT_EQ(heard(report_of(log, 1300 * kMs)), "9 11 ecn 0 -102\n9 12 lost\n9 13 ecn 0 -0\nend\n");
    log.arrived(9, 12, 1350 * kMs, 0); // late, and the next report says so
    EXPECT_EQ(heard(report_of(log, 1400 * kMs)), "9 12 ecn 0 -51\n9 13 ecn 0 -102\nend\n");
}

TEST(CongestionFeedback, StaysWithinAPacketHoweverMuchCame)
{
    ArrivalLog log;
    for (std::uint16_t i = 0; i < 1000; ++i)
        log.arrived(9, i, 1000 * kMs, 0);
    Heard first;
    Bytes report = report_of(log, 1000 * kMs);
    EXPECT_LE(report.size(), 1100U);
    ASSERT_TRUE(parse_rtcp(report, first));
    EXPECT_EQ(first.metrics.size(), kMostMetrics);
    EXPECT_GT(log.news(), 0U) << "the rest is told with the next";
    std::uint16_t highest = first.metrics.back().sequence;
    for (int more = 0; more < 3; ++more) {
        Heard next;
        ASSERT_TRUE(parse_rtcp(report_of(log, 1050 * kMs), next));
        if (!next.metrics.empty())
            highest = std::max(highest, next.metrics.back().sequence);
    }
    EXPECT_EQ(highest, 999);
    EXPECT_EQ(log.news(), 0U);
}

TEST(CongestionFeedback, BeginsAnewWithAnotherSourceOrAfterAJump)
{
    ArrivalLog log;
    log.arrived(9, 10, 1000 * kMs, 0);
    log.arrived(8, 50'000, 1000 * kMs, 0);
    EXPECT_EQ(heard(report_of(log, 1000 * kMs)), "8 50000 ecn 0 -0\nend\n");
    log.arrived(8, 20'000, 1000 * kMs, 0);
    EXPECT_EQ(heard(report_of(log, 1000 * kMs)), "8 20000 ecn 0 -0\nend\n");
    log.arrived(8, 19'000, 9000 * kMs, 0);
    log.arrived(8, 19'001, 1000 * kMs, 0);
    EXPECT_EQ(heard(report_of(log, 20'000 * kMs)), "8 19000 ecn 0 -8190\n8 19001 ecn 0 -8190\nend\n")
        << "eight seconds ago and longer are one";
}

TEST(CongestionFeedback, IsRefusedWhenItsBlocksDoNotFillIt)
{
    ArrivalLog log;
    for (std::uint16_t i = 0; i < 5; ++i)
        log.arrived(9, i, 1000 * kMs, 0);
    const Bytes whole = report_of(log, 1000 * kMs);
    ASSERT_NE(heard(whole), "not valid");
    for (std::size_t size = 9; size < whole.size(); ++size)
        EXPECT_EQ(heard(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size))), "not valid") << size;
    for (const int count : {0, 3, 8, 255}) { // 6 would do: padding has room for it
        Bytes changed = whole;
        changed[8 + 15] = static_cast<std::uint8_t>(count);
        EXPECT_EQ(heard(changed), "not valid") << count;
    }
    Bytes huge = whole;
    huge[8 + 14] = 0xff; // more than a length of 16 bits could hold
    EXPECT_EQ(heard(huge), "not valid");
    // Nothing but the time is a report, too.
    EXPECT_EQ(heard({0x80, 201, 0, 1, 0, 0, 0, 7, 0x8b, 205, 0, 2, 0, 0, 0, 7, 1, 2, 3, 4}), "end\n");
}

TEST(GenericNack, NamesAPacketAndThe16BehindIt)
{
    RtcpWriter writer;
    writer.receiver_report(7, nullptr);
    const std::uint16_t sequences[] = {65530, 65531, 4, 11, 20}; // 65530 + 17 = 11
    writer.missing(7, 99, sequences);
    EXPECT_EQ(writer.size(), 8U + 12 + 8) << "two entries";
    EXPECT_EQ(
        heard(Bytes(writer.buffer().begin(), writer.buffer().begin() + static_cast<std::ptrdiff_t>(writer.size()))),
        "missing 99 65530\nmissing 99 65531\nmissing 99 4\nmissing 99 11\nmissing 99 20\n");
}

// --- what has left --------------------------------------------------------------------------------------------------

std::string told(std::span<const jf_packet_report> reports)
{
    std::string text;
    for (const jf_packet_report& report : reports)
        text += std::to_string(report.number) + (report.received != 0 ? "+" : "-") + " ";
    return text;
}

TEST(SentLog, SettlesEachPacketOnceInTheOrderOfSending)
{
    SentLog log(2);
    for (std::uint16_t i = 0; i < 6; ++i)
        log.sent(i % 2, i / 2, 1000, i * kMs); // numbers 1 to 6
    EXPECT_EQ(log.in_flight_bytes(), 6000U);
    log.reported(1, 0, true, 0, 5, 0);
    log.reported(0, 0, true, 3, 6, 2 * kMs);
    EXPECT_EQ(told(log.settle(20 * kMs)), "1+ 2+ ");
    EXPECT_EQ(log.round_trip_ns(), 19 * kMs) << "of the newest, number 2, which was not held";
    EXPECT_EQ(log.in_flight_bytes(), 4000U);
    log.reported(0, 0, true, 0, 9, 0);
    log.reported(1, 0, false, 0, 9, 0);
    EXPECT_EQ(told(log.settle(30 * kMs)), "") << "what is settled stays so";
    EXPECT_EQ(log.round_trip_ns(), -1);
    log.reported(1, 7000, true, 0, 9, 0);
    log.reported(9, 0, true, 0, 9, 0);
    EXPECT_EQ(told(log.settle(30 * kMs)), "") << "of packets that never were";
}

TEST(SentLog, CallsAPacketLostOnlyWhenLaterOnesCame)
{
    SentLog log(1);
    for (std::uint16_t i = 0; i < 5; ++i)
        log.sent(0, static_cast<std::uint16_t>(65534 + i), 1000, 0);
    log.reported(0, 65534, false, 0, 0, 0);
    log.reported(0, 65535, true, 0, 1, 0);
    log.reported(0, 0, true, 0, 2, 0);
    EXPECT_EQ(told(log.settle(kMs)), "2+ 3+ ") << "two may have overtaken it";
    log.reported(0, 65534, false, 0, 0, 0);
    log.reported(0, 1, true, 0, 3, 0);
    EXPECT_EQ(told(log.settle(kMs)), "1- 4+ ");
    log.reported(0, 65534, true, 0, 9, 0);
    EXPECT_EQ(told(log.settle(kMs)), "") << "too late to be believed";
    EXPECT_EQ(log.in_flight_bytes(), 1000U);
}

TEST(SentLog, GivesUpWhatNobodyEverReports)
{
    SentLog log(1);
    for (std::uint32_t i = 0; i < 10'000; ++i)
        log.sent(0, static_cast<std::uint16_t>(i), 100, 1000 * kMs);
    EXPECT_EQ(log.in_flight_bytes(), 4096U * 100) << "no more are remembered";
    log.give_up(2999 * kMs);
    EXPECT_EQ(log.in_flight_bytes(), 4096U * 100);
    log.give_up(3001 * kMs);
    EXPECT_EQ(log.in_flight_bytes(), 0U);
    log.reported(0, static_cast<std::uint16_t>(9999), true, 0, 1, 0);
    EXPECT_EQ(told(log.settle(3001 * kMs)), "");
}

TEST(Pacing, LetsGoAtItsRateAndNotMuchAheadOfIt)
{
    Pacing pacing;
    EXPECT_TRUE(pacing.may_send(0)) << "without a rate everything leaves";
    pacing.set_rate(1'000'000);
    int left = 0;
    for (std::int64_t now = 0; now < 1000 * kMs; now += kMs) {
        for (; pacing.may_send(now); ++left)
            pacing.sent(1250, now); // 10 ms each
    }
    EXPECT_GE(left, 100);
    EXPECT_LE(left, 102);
    EXPECT_GT(pacing.next_ns(), 999 * kMs);
}

// --- repair ---------------------------------------------------------------------------------------------------------

std::vector<int> asked(RepairRequests& requests, std::int64_t now_ms, std::int64_t first = 0,
                       std::int64_t patience_ms = 300, std::int64_t round_trip_ms = 50)
{
    std::array<std::uint16_t, RepairRequests::kMostAtOnce> sequences{};
    const std::size_t count = requests.due(now_ms * kMs, round_trip_ms * kMs, first, patience_ms * kMs, sequences);
    return {sequences.begin(), sequences.begin() + static_cast<std::ptrdiff_t>(count)};
}

TEST(RepairRequests, AskOnceARoundTripAndNotForWhatWasOvertaken)
{
    RepairRequests requests;
    requests.gap(105, 1, 3, 0); // 65534, 65535, 0
    EXPECT_EQ(asked(requests, 5), std::vector<int>{}) << "it may only have been overtaken";
    EXPECT_FALSE(requests.arrived(103));
    EXPECT_EQ(asked(requests, 10), (std::vector<int>{65534, 0}));
    EXPECT_EQ(asked(requests, 60), std::vector<int>{});
    EXPECT_EQ(requests.next_ns(), 70 * kMs);
    EXPECT_TRUE(requests.arrived(102)) << "it was asked for";
    EXPECT_EQ(asked(requests, 70), std::vector<int>{0});
    EXPECT_EQ(asked(requests, 130), std::vector<int>{0});
    EXPECT_EQ(asked(requests, 190), std::vector<int>{0});
    EXPECT_EQ(asked(requests, 251), std::vector<int>{}) << "four times is enough";
    EXPECT_EQ(requests.next_ns(), kNothingDue);
}

TEST(RepairRequests, AskOnlyWhileItCanStillComeInTime)
{
    RepairRequests requests;
    requests.gap(10, 10, 1, 0);
    EXPECT_EQ(asked(requests, 40, 0, 100, 80), std::vector<int>{}) << "it would come at 120 ms, and 100 is too late";
    RepairRequests others;
    others.gap(10, 10, 2, 0);
    EXPECT_EQ(asked(others, 20, 9), std::vector<int>{9}) << "8 has been given up by play-out";
    RepairRequests many;
    many.gap(1000, 1000, 65, 0);
    EXPECT_EQ(asked(many, 20), std::vector<int>{}) << "a key frame is cheaper";
}

TEST(SendHistory, FindsWhatHasLeftAndForgetsTheOldest)
{
    SendHistory history;
    const Bytes payload(100, 1);
    for (std::uint16_t i = 0; i < 600; ++i) {
        RtpHeader header;
        header.sequence = static_cast<std::uint16_t>(65'000 + i);
        history.put(header, payload, 5 * kMs);
        EXPECT_EQ(history.find(header.sequence), nullptr) << "it has not left";
        if (i != 599)
            history.pop(i == 598 ? 0 : 6 * kMs);
    }
    EXPECT_EQ(history.find(65'000), nullptr) << "512 are kept";
    EXPECT_EQ(history.find(static_cast<std::uint16_t>(65'000 + 598)), nullptr) << "it was given up";
    const auto* packet = history.find(static_cast<std::uint16_t>(65'000 + 597));
    ASSERT_NE(packet, nullptr);
    EXPECT_EQ(history.payload(*packet).size(), 100U);
    EXPECT_EQ(history.waiting(), 1U);
    EXPECT_EQ(history.waiting_bytes(), 100U);
    EXPECT_FALSE(history.clogged(900 * kMs));
    EXPECT_TRUE(history.clogged(1006 * kMs)) << "a second is too long to wait";
}

} // namespace
} // namespace jackfield::rtp
