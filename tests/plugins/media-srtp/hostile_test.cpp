// What strangers, and peers that went wrong, may send: refused and counted, and nothing of the call is lost by it.
//
// Threads: the test's thread; time is simulated.
#include "tests/plugins/media_transport/call.hpp"

#include <shared/srtp/srtp_context.hpp>

#include <gtest/gtest.h>
#include <shared/base64/base64.hpp>
#include <shared/rtp/rtcp_packet.hpp>
#include <shared/rtp/rtp_packet.hpp>
#include <shared/rtp/wire.hpp>

#include <random>

namespace media_transport_test {
namespace {

using namespace jackfield::srtp;

/// A sender of our own making that has the peer's key.
class Forger {
public:
    Forger(const Json& key, std::uint32_t ssrc)
        : ssrc_(ssrc),
          protector_(
              {find_suite(key["suite"].get<std::string>()), *jackfield::decode_base64(key["key"].get<std::string>())},
              ssrc)
    {}

    Bytes rtp(std::uint16_t sequence, std::uint32_t timestamp, const Bytes& payload, std::uint8_t first_byte = 0x80)
    {
        Bytes packet(kRtpHeaderBytes + payload.size() + kMaxTrailerBytes);
        write_rtp_header(packet, {sequence, timestamp, ssrc_, 111, false, false});
        packet[0] = first_byte;
        std::copy(payload.begin(), payload.end(), packet.begin() + kRtpHeaderBytes);
        std::size_t size = kRtpHeaderBytes + payload.size();
        EXPECT_TRUE(protector_.rtp(packet, size));
        packet.resize(size);
        return packet;
    }

    Bytes rtcp(Bytes compound)
    {
        std::size_t size = compound.size();
        compound.resize(size + kMaxTrailerBytes);
        EXPECT_TRUE(protector_.rtcp(compound, size));
        compound.resize(size);
        return compound;
    }

    Bytes rtcp(RtcpWriter& writer)
    {
        return rtcp(Bytes(writer.buffer().begin(), writer.buffer().begin() + static_cast<int>(writer.size())));
    }

private:
    std::uint32_t ssrc_;
    Protector protector_;
};

int refused(Simulation& simulation, int side = 1)
{
    return simulation.sides[side].statistics(0)["packets_refused"];
}

TEST(MediaSrtpHostile, RefusesWhatAnotherKeyProtected)
{
    Simulation simulation(1);
    const Json config = audio_session(simulation);
    Json other = Simulation::mirrored(config);
    other["streams"][0]["receive_key"]["key"] = simulation.sides[1].make_key("AEAD_AES_128_GCM");
    ASSERT_EQ(simulation.sides[0].open(config, simulation.paths(0)), JF_OK);
    ASSERT_EQ(simulation.sides[1].open(other, simulation.paths(1)), JF_OK);
    AudioSource source(simulation.sides[0]);
    simulation.run(1000 * kMs, std::ref(source));
    simulation.run(50 * kMs);
    EXPECT_TRUE(simulation.sides[1].played[0].empty());
    EXPECT_EQ(simulation.sides[1].arrivals[0], 0);
    EXPECT_GE(refused(simulation), static_cast<int>(source.count));
    EXPECT_EQ(simulation.sides[1].statistics(0)["packets_received"], 0);
}

TEST(MediaSrtpHostile, RefusesReplaysOfMediaAndReports)
{
    Simulation simulation(1);
    simulation.recording = true;
    simulation.open(audio_session(simulation));
    AudioSource source(simulation.sides[0]);
    simulation.run(1000 * kMs, std::ref(source));
    simulation.run(50 * kMs);
    const auto recorded = simulation.seen;
    const auto played = simulation.sides[1].played[0].size();
    int replayed = 0;
    for (const Transit& transit : recorded) {
        if (transit.from == 0) {
            simulation.inject(1, 0, transit.bytes);
            ++replayed;
        }
    }
    simulation.run(300 * kMs);
    EXPECT_EQ(refused(simulation), replayed);
    EXPECT_EQ(simulation.sides[1].played[0].size(), played);
}

TEST(MediaSrtpHostile, RefusesOurOwnPacketsWhenTheyComeBack)
{
    Simulation simulation(1);
    simulation.recording = true;
    simulation.open(audio_session(simulation));
    AudioSource source(simulation.sides[0]);
    simulation.run(200 * kMs, std::ref(source));
    const auto recorded = simulation.seen;
    int reflected = 0;
    for (const Transit& transit : recorded) {
        if (transit.from == 0) {
            simulation.inject(0, 0, transit.bytes);
            ++reflected;
        }
    }
    simulation.run(50 * kMs);
    EXPECT_EQ(refused(simulation, 0), reflected);
    EXPECT_TRUE(simulation.sides[0].played[0].empty());
}

TEST(MediaSrtpHostile, RefusesTruncatedOversizedAndMeaninglessPackets)
{
    Simulation simulation(1);
    const Json config = audio_session(simulation);
    simulation.open(config);
    Forger peer(config["streams"][0]["receive_key"], 0x77777777);
    const Bytes whole = peer.rtp(100, 0, numbered(1));
    int sent = 0;
    const auto throw_in = [&](const Bytes& packet) {
        simulation.inject(0, 0, packet);
        ++sent;
    };
    for (std::size_t size = 0; size < whole.size(); ++size)
        throw_in(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
    for (const std::size_t size : {2049U, 9000U, 65507U})
        throw_in(Bytes(size, 0x80));
    for (const int first : {0x00, 0x40, 0xc0, 0xff}) { // versions that are not 2; an extension that is not there
        Bytes packet = whole;
        packet[0] = static_cast<std::uint8_t>(first);
        throw_in(packet);
    }
    Bytes other_type = whole;
    other_type[1] = 50; // a payload type nobody agreed on
    throw_in(other_type);
    std::mt19937 random(5);
    for (int i = 0; i < 5000; ++i) {
        Bytes packet(random() % 300);
        for (auto& byte : packet)
            byte = static_cast<std::uint8_t>(random());
        if (packet.size() > 2 && i % 2 == 0) { // half of them look like packets of ours
            packet[0] = static_cast<std::uint8_t>(0x80 | (packet[0] & 0x3f));
            packet[1] = static_cast<std::uint8_t>(i % 4 == 0 ? 111 : 200 + packet[1] % 8);
        }
        throw_in(packet);
    }
    EXPECT_EQ(refused(simulation, 0), sent);
    EXPECT_EQ(simulation.sides[0].arrivals[0], 0);

    simulation.inject(0, 0, whole); // and the real one still gets through
    simulation.run(50 * kMs);
    ASSERT_EQ(simulation.sides[0].played[0].size(), 1U);
    EXPECT_EQ(simulation.sides[0].played[0][0].bytes, numbered(1));
    EXPECT_EQ(refused(simulation, 0), sent);
}

TEST(MediaSrtpHostile, RefusesImpossiblePaddingAndPayloadsTooLongToKeep)
{
    Simulation simulation(1);
    const Json config = audio_session(simulation);
    simulation.open(config);
    Forger peer(config["streams"][0]["receive_key"], 0x77777777);
    Bytes payload(20, 1);
    payload.back() = 0;
    simulation.inject(0, 0, peer.rtp(1, 0, payload, 0xa0));
    payload.back() = 21;
    simulation.inject(0, 0, peer.rtp(2, 0, payload, 0xa0));
    simulation.inject(0, 0, peer.rtp(3, 0, Bytes(), 0xa0));
    simulation.inject(0, 0, peer.rtp(4, 0, Bytes(1501, 1)));
    EXPECT_EQ(refused(simulation, 0), 4);
    payload.back() = 4;
    simulation.inject(0, 0, peer.rtp(5, 0, payload, 0xa0));
    simulation.inject(0, 0, peer.rtp(6, 960, Bytes(1500, 1)));
    simulation.run(60 * kMs);
    ASSERT_EQ(simulation.sides[0].played[0].size(), 2U);
    EXPECT_EQ(simulation.sides[0].played[0][0].bytes.size(), 16U);
    EXPECT_EQ(simulation.sides[0].played[0][1].bytes.size(), 1500U);
    EXPECT_EQ(refused(simulation, 0), 4);
}

TEST(MediaSrtpHostile, KeepsCountingOverTheWrapOfTheSequenceNumber)
{
    for (const std::string suite : {"AEAD_AES_128_GCM", "AES_CM_128_HMAC_SHA1_80"}) {
        Simulation simulation(1);
        simulation.open(audio_session(simulation, suite));
        std::mt19937 random(9);
        std::uint32_t count = 0;
        std::uint32_t dropped = 0;
        simulation.fate = [&](Transit& transit) -> std::vector<std::int64_t> {
            if (transit.from == 0 && !is_rtcp(transit.bytes) && count > 0 && random() % 50 == 0) {
                ++dropped;
                return {};
            }
            return {static_cast<std::int64_t>(1 + random() % 5) * kMs};
        };
        simulation.run(70'000 * kMs, [&] { // a packet a millisecond, from below 32768 past 65536 at least
            simulation.sides[0].send(0, count * 48, numbered(count, 40));
            ++count;
        });
        simulation.fate = nullptr;
        simulation.sides[0].send(0, count * 48, numbered(count, 40));
        ++count;
        simulation.run(300 * kMs);
        const Json statistics = simulation.sides[1].statistics(0);
        EXPECT_EQ(statistics["packets_refused"], 0);
        EXPECT_EQ(statistics["packets_lost"], dropped);
        EXPECT_EQ(statistics["packets_received"], count - dropped);
        EXPECT_EQ(simulation.sides[1].played[0].size(), count - dropped);
        EXPECT_TRUE(in_order(simulation.sides[1].played[0]));
    }
}

/// Sends `count` packets that all get lost.
void lose(Simulation& simulation, AudioSource& source, std::uint32_t count)
{
    simulation.fate = [](Transit&) { return std::vector<std::int64_t>{}; };
    for (std::uint32_t i = 0; i < count; ++i, ++source.count)
        simulation.sides[0].send(0, source.count * 960, numbered(source.count));
    simulation.fate = nullptr;
}

TEST(MediaSrtpHostile, SurvivesGapsOfEverySize)
{
    for (const std::uint32_t gap : {1U, 127U, 129U, 255U, 257U, 1000U, 2998U, 3001U, 20'000U}) {
        Simulation simulation(1);
        simulation.open(audio_session(simulation));
        AudioSource source(simulation.sides[0]);
        simulation.run(200 * kMs, std::ref(source));
        lose(simulation, source, gap);
        simulation.run(400 * kMs, std::ref(source));
        simulation.run(100 * kMs);
        const auto& played = simulation.sides[1].played[0];
        EXPECT_EQ(refused(simulation), 0) << gap;
        EXPECT_EQ(played.size(), source.count - gap) << gap;
        EXPECT_TRUE(in_order(played)) << gap;
        EXPECT_EQ(lost_marks(played), gap);
        if (gap < 3000) { // more is taken for a restart, of which nobody knows what was lost
            EXPECT_EQ(simulation.sides[1].statistics(0)["packets_lost"], gap);
        }
        EXPECT_EQ(simulation.sides[1].statistics(0)["packets_late"], 0) << gap;
    }
}

TEST(MediaSrtpHostile, FollowsASenderThatBeganAgainWithAnotherSsrc)
{
    Simulation simulation(1);
    const Json config = audio_session(simulation);
    simulation.open(config);
    Forger first(config["streams"][0]["receive_key"], 0x77777777);
    Forger second(config["streams"][0]["receive_key"], 0x88888888);
    std::vector<Bytes> old;
    std::uint32_t number = 0;
    for (std::uint16_t i = 0; i < 20; ++i, ++number) {
        old.push_back(first.rtp(static_cast<std::uint16_t>(1000 + i), i * 960, numbered(number)));
        simulation.inject(0, 0, old.back());
        simulation.run(20 * kMs);
    }
    for (std::uint16_t i = 0; i < 20; ++i, ++number) {
        simulation.inject(0, 0, second.rtp(static_cast<std::uint16_t>(9 + i), 777 + i * 960, numbered(number)));
        simulation.inject(0, 0, old[i]); // and somebody replays the old one
        simulation.run(20 * kMs);
    }
    simulation.run(100 * kMs);
    const auto& played = simulation.sides[0].played[0];
    ASSERT_EQ(played.size(), 40U);
    EXPECT_TRUE(in_order(played));
    EXPECT_EQ(refused(simulation, 0), 20);
    EXPECT_EQ(simulation.sides[0].statistics(0)["packets_lost"], 0);
    for (std::size_t i = 21; i < 40; ++i)
        EXPECT_NEAR(static_cast<double>(played[i].time_ns - played[i - 1].time_ns), 20.0 * kMs, 1.0 * kMs);
}

TEST(MediaSrtpHostile, EndsTheNumberOfSourcesOneKeyMayBringUp)
{
    Simulation simulation(1);
    const Json config = audio_session(simulation);
    simulation.open(config);
    simulation.run(600 * kMs); // the other side has reported, and so is known
    for (std::uint32_t i = 0; i < 40; ++i) {
        Forger source(config["streams"][0]["receive_key"], 0x70000000 + i);
        simulation.inject(0, 0, source.rtp(1, 0, numbered(i)));
        simulation.run(30 * kMs);
    }
    // One of the sixteen is the other side itself, by its reports.
    EXPECT_EQ(simulation.sides[0].played[0].size(), 15U);
    EXPECT_EQ(refused(simulation, 0), 25);
}

TEST(MediaSrtpHostile, BelievesNoGoodbyeInClear)
{
    Simulation simulation(1);
    simulation.open(audio_session(simulation));
    AudioSource source(simulation.sides[0]);
    simulation.run(100 * kMs, std::ref(source));
    RtcpWriter writer;
    writer.receiver_report(kAudioSsrc, nullptr);
    writer.goodbye(kAudioSsrc);
    simulation.inject(1, 0, Bytes(writer.buffer().begin(), writer.buffer().begin() + static_cast<int>(writer.size())));
    simulation.run(20 * kMs);
    EXPECT_TRUE(simulation.sides[1].ended.empty());
    EXPECT_EQ(refused(simulation), 1);
}

TEST(MediaSrtpHostile, IgnoresFeedbackForOthersAndRefusesBrokenCompounds)
{
    Simulation simulation(1);
    const Json config = call_session(simulation);
    simulation.open(config);
    Forger peer(config["streams"][1]["receive_key"], 0x77777777);
    RtcpWriter writer;
    writer.receiver_report(0x77777777, nullptr);
    writer.picture_loss(0x77777777, 0x12345678);
    writer.goodbye(0x99999999);
    simulation.inject(0, 0, peer.rtcp(writer));
    Bytes broken(writer.buffer().begin(), writer.buffer().begin() + static_cast<int>(writer.size()));
    broken[3] = 200; // longer than there is
    simulation.inject(0, 0, peer.rtcp(broken));
    EXPECT_EQ(simulation.sides[0].key_frame_requests[1], 0);
    EXPECT_EQ(simulation.sides[0].statistics(1)["packets_refused"], 1);

    RtcpWriter alone; // reduced size, RFC 5506
    alone.picture_loss(0x77777777, kVideoSsrc);
    simulation.inject(0, 0, peer.rtcp(alone));
    EXPECT_EQ(simulation.sides[0].key_frame_requests[1], 1);
    // NACK for packet 7 (RFC 4585 section 6.2.1): stepped over.
    Bytes nack{0x81, 205, 0, 3, 0x77, 0x77, 0x77, 0x77, 0, 0, 0x22, 0x22, 0, 7, 0, 0};
    simulation.inject(0, 0, peer.rtcp(nack));
    EXPECT_EQ(simulation.sides[0].statistics(1)["packets_refused"], 1);
    simulation.run(50 * kMs);
    EXPECT_TRUE(simulation.sides[0].ended.empty());
}

TEST(MediaSrtpHostile, BoundsWhatPilesUpWhileNobodyTakes)
{
    Simulation simulation(1);
    simulation.open(audio_session(simulation));
    AudioSource source(simulation.sides[0]);
    simulation.run(100 * kMs, std::ref(source));
    simulation.sides[1].taking = false;
    simulation.run(10'000 * kMs, std::ref(source));
    simulation.sides[1].taking = true;
    simulation.run(300 * kMs);
    const auto& played = simulation.sides[1].played[0];
    const Json statistics = simulation.sides[1].statistics(0);
    EXPECT_EQ(statistics["packets_received"], source.count);
    EXPECT_EQ(statistics["packets_lost"], 0);
    EXPECT_GT(statistics["packets_late"], 0);
    EXPECT_EQ(played.size() + statistics["packets_late"].get<std::size_t>(), source.count);
    EXPECT_EQ(lost_marks(played), statistics["packets_late"]);
    EXPECT_TRUE(in_order(played));
}

Bytes plain_rtp(std::uint32_t ssrc, std::uint16_t sequence, std::uint32_t timestamp, std::uint32_t number)
{
    Bytes packet(kRtpHeaderBytes);
    write_rtp_header(packet, {sequence, timestamp, ssrc, 111, false, false});
    const Bytes payload = numbered(number);
    packet.insert(packet.end(), payload.begin(), payload.end());
    return packet;
}

TEST(MediaSrtpHostile, WithoutKeysBelievesAJumpOrANewSourceOnlyAtTheSecondPacket)
{
    Simulation simulation(1, R"({"allow_unencrypted": true})");
    simulation.open(audio_session(simulation, ""));
    std::uint32_t number = 0;
    std::uint16_t sequence = 65'530; // wraps on the way
    std::uint32_t timestamp = 0;
    const auto speak = [&](int count) {
        for (int i = 0; i < count; ++i, ++number, ++sequence, timestamp += 960) {
            simulation.inject(0, 0, plain_rtp(0x77, sequence, timestamp, number));
            simulation.run(20 * kMs);
        }
    };
    speak(20);
    EXPECT_EQ(refused(simulation, 0), 1); // the very first: nobody vouched for it
    simulation.inject(0, 0, plain_rtp(0x77, static_cast<std::uint16_t>(sequence + 20'000), timestamp, 1'000'000));
    simulation.inject(0, 0, plain_rtp(0x99, 5, 5, 1'000'001));
    EXPECT_EQ(refused(simulation, 0), 3);
    speak(20);
    sequence = static_cast<std::uint16_t>(sequence + 20'000); // now the sender does jump
    speak(20);
    simulation.run(300 * kMs);
    EXPECT_EQ(refused(simulation, 0), 4);
    const auto& played = simulation.sides[0].played[0];
    EXPECT_EQ(played.size(), 58U); // all but the two that were held off
    EXPECT_TRUE(in_order(played));
    EXPECT_LT(played.back().number(), 60U);
}

} // namespace
} // namespace media_transport_test
