// RTP and RTCP formats, base64 and the mathematics of reception, each on its own.
//
// Threads: the test's thread.
#include <shared/base64/base64.hpp>
#include <shared/rtp/jitter_buffer.hpp>
#include <shared/rtp/packet_ring.hpp>
#include <shared/rtp/playout_clock.hpp>
#include <shared/rtp/reception.hpp>
#include <shared/rtp/rtcp_packet.hpp>
#include <shared/rtp/rtp_packet.hpp>
#include <shared/rtp/wire.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <set>

namespace jackfield::rtp {
namespace {

constexpr std::int64_t kMs = kMillisecondNs;

ByteView written(RtcpWriter& writer)
{
    return ByteView(writer.buffer()).first(writer.size());
}

StoredPacket numbered(std::int64_t index)
{
    StoredPacket packet;
    packet.index = index;
    return packet;
}

TEST(PacketRing, TouchesNoMoreMemoryThanPayloadsWaitAtOneTime)
{
    PacketRing ring(256);
    std::set<const std::uint8_t*> places;
    for (int i = 0; i < 2000; ++i) {
        const Bytes payload(160, static_cast<std::uint8_t>(i));
        ASSERT_EQ(ring.store(numbered(i), payload), PacketRing::Stored::stored);
        if (i < 3 || i % 7 == 0) // some are lost on the way to their turn
            continue;
        const StoredPacket* oldest = i % 11 == 0 ? ring.at(i) : ring.first();
        const ByteView kept = ring.payload(*oldest);
        EXPECT_EQ(kept.size(), 160U);
        EXPECT_EQ(kept[7], static_cast<std::uint8_t>(oldest->index));
        places.insert(kept.data());
        ring.take(*oldest);
    }
    EXPECT_LE(places.size(), 64U) << "of 256";
}

TEST(PacketRing, HasAPlaceForEachSlotWhateverWasGivenUp)
{
    PacketRing ring(8);
    const auto store = [&](std::int64_t index) {
        const Bytes payload{static_cast<std::uint8_t>(index)};
        return ring.store(numbered(index), payload);
    };
    for (std::int64_t round = 0; round < 20; ++round) {
        for (std::int64_t i = 0; i < 8; ++i)
            ASSERT_EQ(store(100 * round + i), PacketRing::Stored::stored);
        ring.take(*ring.at(100 * round + 5)); // what is before it is given up
        ASSERT_EQ(store(100 * round + 50), PacketRing::Stored::stored) << "and what is too old gives way";
        EXPECT_EQ(ring.payload(*ring.first())[0], static_cast<std::uint8_t>(100 * round + 50));
    }
}

TEST(RtpFormats, ReadsAnRtpHeaderWithSourcesAndExtension)
{
    Bytes packet{0x92, 0xe0, 0x12, 0x34, 0, 0, 0, 5, 0, 0, 0, 6};
    packet.resize(12 + 8); // two contributing sources
    packet.insert(packet.end(), {0xbe, 0xde, 0, 1, 1, 2, 3, 4, 'x', 'y'});
    const auto header = parse_rtp_header(packet);
    ASSERT_TRUE(header);
    EXPECT_EQ(header->sequence, 0x1234);
    EXPECT_EQ(header->timestamp, 5U);
    EXPECT_EQ(header->ssrc, 6U);
    EXPECT_EQ(header->payload_type, 96);
    EXPECT_TRUE(header->marker);
    EXPECT_EQ(header->size_bytes, 28U);
    EXPECT_EQ(as_text(*rtp_payload(packet, *header)), "xy");
    for (std::size_t size = 0; size < 28; ++size)
        EXPECT_FALSE(parse_rtp_header(ByteView(packet).first(size))) << size;
}

TEST(RtpFormats, TellsRtcpFromRtpByTheSecondByte)
{
    for (int second = 0; second < 256; ++second) {
        const Bytes packet{0x80, static_cast<std::uint8_t>(second)};
        EXPECT_EQ(looks_like_rtcp(packet), second >= 192 && second <= 223);
    }
    EXPECT_FALSE(looks_like_rtcp(Bytes{0x80}));
}

/// Writes down what it hears.
struct Notes final : RtcpHandler {
    void sender_report(std::uint32_t from, const SenderInfo& info) override
    {
        text += "sr " + std::to_string(from) + " " + std::to_string(info.ntp) + " " +
                std::to_string(info.rtp_timestamp) + " " + std::to_string(info.packets) + " " +
                std::to_string(info.payload_bytes) + "\n";
    }
    void report_block(std::uint32_t from, const ReportBlock& block) override
    {
        text += "block " + std::to_string(from) + " " + std::to_string(block.ssrc) + " " +
                std::to_string(block.fraction_lost) + " " + std::to_string(block.lost) + " " +
                std::to_string(block.highest_sequence) + " " + std::to_string(block.jitter) + " " +
                std::to_string(block.last_sr) + " " + std::to_string(block.delay_since_last_sr) + "\n";
    }
    void picture_loss(std::uint32_t media_ssrc) override { text += "pli " + std::to_string(media_ssrc) + "\n"; }
    void full_intra_request(std::uint32_t media_ssrc, std::uint8_t number) override
    {
        text += "fir " + std::to_string(media_ssrc) + " " + std::to_string(number) + "\n";
    }
    void goodbye(std::uint32_t ssrc) override { text += "bye " + std::to_string(ssrc) + "\n"; }

    std::string text;
};

TEST(RtpFormats, ReadsTheCompoundItWrites)
{
    RtcpWriter writer;
    const ReportBlock block{7, 8, -9, 10, 11, 12, 13};
    writer.sender_report(1, {0x0102030405060708, 2, 3, 4}, &block);
    writer.canonical_name(1, std::string(300, 'n'));
    writer.picture_loss(1, 5);
    writer.full_intra_request(1, 6, 9);
    writer.goodbye(1);
    ASSERT_LE(writer.size() + 20, writer.buffer().size());
    Notes notes;
    ASSERT_TRUE(parse_rtcp(written(writer), notes));
    EXPECT_EQ(notes.text, "sr 1 72623859790382856 2 3 4\nblock 1 7 8 -9 10 11 12 13\npli 5\nfir 6 9\nbye 1\n");
    EXPECT_EQ(rtcp_sender(written(writer)), 1U);
}

TEST(RtpFormats, TakesNoPartOfACompoundThatIsCutAnywhere)
{
    RtcpWriter writer;
    const ReportBlock block;
    writer.sender_report(1, {}, &block);
    writer.canonical_name(1, "name");
    writer.goodbye(1);
    const std::size_t ends[] = {52, 52 + 16, 52 + 16 + 8};
    ASSERT_EQ(writer.size(), ends[2]);
    for (std::size_t size = 0; size <= writer.size(); ++size) {
        Notes notes;
        const bool whole = std::find(std::begin(ends), std::end(ends), size) != std::end(ends);
        EXPECT_EQ(parse_rtcp(written(writer).first(size), notes), whole) << size;
        EXPECT_EQ(notes.text.empty(), !whole);
    }
}

TEST(RtpFormats, RefusesCompoundsWhoseCountsDoNotFit)
{
    Notes notes;
    EXPECT_FALSE(parse_rtcp(Bytes{0x81, 201, 0, 1, 0, 0, 0, 1}, notes)); // a block that is not there
    EXPECT_FALSE(parse_rtcp(Bytes{0x80, 200, 0, 1, 0, 0, 0, 1}, notes)); // no sender info
    EXPECT_FALSE(parse_rtcp(Bytes{0x9f, 203, 0, 1, 0, 0, 0, 1}, notes)); // 31 sources say goodbye in 4 bytes
    EXPECT_FALSE(parse_rtcp(Bytes{0x81, 206, 0, 1, 0, 0, 0, 1}, notes)); // PLI about nobody
    EXPECT_FALSE(parse_rtcp(Bytes{0x40, 201, 0, 1, 0, 0, 0, 1}, notes)); // version 1
    EXPECT_FALSE(parse_rtcp(Bytes{0xa0, 201, 0, 1, 0, 0, 0, 5}, notes)); // padding of 5
    EXPECT_FALSE(parse_rtcp(Bytes{0xa0, 201, 0, 2, 0, 0, 0, 1, 0, 0, 0, 12}, notes)); // padding over the header
    EXPECT_TRUE(parse_rtcp(Bytes{0xa0, 201, 0, 2, 0, 0, 0, 1, 0, 0, 0, 4}, notes));
    EXPECT_TRUE(parse_rtcp(Bytes{0x80, 204, 0, 1, 0, 0, 0, 1}, notes)); // application defined: stepped over
    EXPECT_TRUE(notes.text.empty()) << notes.text;
}

TEST(RtpFormats, ReadsAndWritesBase64)
{
    for (std::size_t size = 1; size < 50; ++size) {
        Bytes bytes(size);
        for (std::size_t i = 0; i < size; ++i)
            bytes[i] = static_cast<std::uint8_t>(i * 37 + size);
        EXPECT_EQ(decode_base64(encode_base64(bytes)), bytes);
    }
    EXPECT_EQ(encode_base64(as_bytes("any carnal pleas")), "YW55IGNhcm5hbCBwbGVhcw==");
    for (const char* wrong : {"", "A", "AAA", "AA=A", "====", "AAAA====", "AA A", "AA\n=", "AAA*"})
        EXPECT_FALSE(decode_base64(wrong)) << wrong;
}

TEST(RtpReception, CountsFractionsAsRfc3550AppendixA3)
{
    SequenceTracker tracker(true, 128);
    for (std::uint16_t i = 0; i < 100; ++i) {
        if (i % 4 == 3)
            continue;
        tracker.place(static_cast<std::uint16_t>(65'500 + i));
        tracker.count_received();
    }
    tracker.place(64); // 65500 + 100: the last of the interval
    tracker.count_received();
    EXPECT_EQ(tracker.extended_highest(), 65'600U);
    EXPECT_EQ(tracker.lost(), 25);
    EXPECT_EQ(tracker.fraction_lost(), 25 * 256 / 101);
    EXPECT_EQ(tracker.fraction_lost(), 0) << "nothing since";
}

/// Packets of 20 ms that are late as late_ms says of each second; what the clock adds afterwards.
std::int64_t delay_after(PlayoutClock& clock, int from_s, int seconds, const std::function<std::int64_t(int)>& late_ms)
{
    for (int number = from_s * 50; number < (from_s + seconds) * 50; ++number) {
        const std::int64_t late_ns = number % 50 == 7 ? late_ms(number / 50) * kMs : 0;
        clock.arrived(static_cast<std::uint32_t>(number) * 960, number * 20 * kMs + late_ns, false, false);
    }
    return clock.delay_ns();
}

TEST(PlayoutClock, KeepsItsLeastWhereTheNetworkHasBeenQuietForHalfAMinute)
{
    PlayoutClock clock(48'000, 10 * kMs, 200 * kMs);
    const auto quiet = [](int) { return 0; };
    EXPECT_EQ(delay_after(clock, 0, 20, quiet), 20 * kMs) << "not known yet";
    EXPECT_EQ(delay_after(clock, 20, 10, quiet), 10 * kMs);
    EXPECT_EQ(delay_after(clock, 30, 60, [](int) { return 4; }), 10 * kMs) << "nobody was too late";
    EXPECT_EQ(delay_after(clock, 90, 4, [](int) { return 8; }), 20 * kMs);
    EXPECT_EQ(delay_after(clock, 94, 60, [](int) { return 4; }), 12 * kMs) << "three times the jitter";
    EXPECT_EQ(delay_after(clock, 154, 60, quiet), 10 * kMs);
    PlayoutClock twenty(48'000, 20 * kMs, 200 * kMs);
    EXPECT_EQ(delay_after(twenty, 0, 60, quiet), 20 * kMs);
}

TEST(PlayoutClock, ExpectsWhatComesEveryTwentySeconds)
{
    PlayoutClock clock(48'000, 10 * kMs, 200 * kMs);
    const auto now_and_then = [](int second) { return second % 20 == 0 ? 14 : 0; };
    for (int second = 0; second < 120; ++second)
        EXPECT_GE(delay_after(clock, second, 1, now_and_then), 19 * kMs) << second;
}

TEST(RtpReception, MeasuresJitterAsRfc3550AppendixA8)
{
    JitterMeter meter(8000);
    double expected = 0;
    std::int64_t arrival_ns = 5 * kSecondNs;
    for (std::uint32_t i = 0; i < 200; ++i) {
        const std::int64_t delay_ns = i % 2 == 0 ? 0 : 10 * kMs; // 80 units of difference each time
        meter.arrived(0xfffffff0U + i * 160, arrival_ns + delay_ns);
        arrival_ns += 20 * kMs;
        if (i > 0)
            expected += (80.0 - expected) / 16.0;
    }
    EXPECT_NEAR(meter.units(), expected, 1.0);
    EXPECT_NEAR(meter.milliseconds(), 10.0, 0.2);
}

TEST(RtpReception, NtpTimeGoesWithTheHostsClock)
{
    const NtpClock clock(1'700'000'000'250, 40 * kSecondNs);
    EXPECT_EQ(clock.at(40 * kSecondNs) >> 32, 1'700'000'000U + 2'208'988'800U);
    EXPECT_EQ(static_cast<std::uint32_t>(clock.at(40 * kSecondNs)), 0x40000000U); // a quarter
    EXPECT_EQ(clock.at(43 * kSecondNs + 500 * kMs) - clock.at(40 * kSecondNs), (std::uint64_t{7} << 32) / 2);
    EXPECT_EQ(clock.at(40 * kSecondNs) - clock.at(39 * kSecondNs + 500 * kMs), std::uint64_t{1} << 31);
}

TEST(RtpReception, PlayoutFollowsATimestampThatJumps)
{
    PlayoutClock clock(48'000, 20 * kMs, 200 * kMs);
    std::int64_t now_ns = kSecondNs;
    EXPECT_EQ(clock.due_ns(clock.arrived(1000, now_ns, false, false)), now_ns + 20 * kMs);
    now_ns += 20 * kMs;
    EXPECT_EQ(clock.due_ns(clock.arrived(1960, now_ns, false, false)), now_ns + 20 * kMs);
    now_ns += 20 * kMs;
    EXPECT_EQ(clock.due_ns(clock.arrived(4'000'000'000U, now_ns, false, false)), now_ns + 20 * kMs);
    now_ns += 20 * kMs;
    EXPECT_EQ(clock.due_ns(clock.arrived(4'000'000'960U, now_ns, false, false)), now_ns + 20 * kMs);
}

TEST(RtpReception, APacketThatCameLateIsDueAtOnceAndTheNextAreLater)
{
    PlayoutClock clock(48'000, 20 * kMs, 200 * kMs);
    std::int64_t sent_ns = kSecondNs;
    std::uint32_t timestamp = 0;
    clock.arrived(timestamp, sent_ns, false, false);
    sent_ns += 20 * kMs;
    timestamp += 960;
    EXPECT_EQ(clock.due_ns(clock.arrived(timestamp, sent_ns + 70 * kMs, false, false)), sent_ns + 75 * kMs);
    sent_ns += 20 * kMs;
    timestamp += 960;
    EXPECT_NEAR(static_cast<double>(clock.due_ns(clock.arrived(timestamp, sent_ns, false, false))),
                static_cast<double>(sent_ns + 75 * kMs), 1.0 * kMs);
    // A talk spurt some seconds later may begin with the small delay again.
    for (int i = 0; i < 1000; ++i) {
        sent_ns += 20 * kMs;
        timestamp += 960;
        clock.arrived(timestamp, sent_ns, false, i == 999);
    }
    EXPECT_EQ(clock.delay_ns(), 20 * kMs);
}

TEST(RtpReception, ASenderWhoseTimestampsRunAwayDelaysItselfByTwoSecondsAtMost)
{
    PlayoutClock clock(48'000, 20 * kMs, 200 * kMs);
    std::int64_t now_ns = kSecondNs;
    for (std::uint32_t i = 0; i < 1000; ++i, now_ns += 20 * kMs) {
        const std::int64_t due_ns = clock.due_ns(clock.arrived(i * 48'000, now_ns, false, false));
        ASSERT_LE(due_ns, now_ns + 2 * kSecondNs);
    }
}

} // namespace
} // namespace jackfield::rtp
