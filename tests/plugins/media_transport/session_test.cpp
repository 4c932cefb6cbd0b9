// Two sessions of a built plugin talk over a simulated network: every suite, shared and separate paths, loss, jitter.
//
// Threads: the test's thread; time is simulated, so every run is the same.
#include "cases.hpp"

#include <numeric>
#include <random>

namespace media_transport_test {
namespace {

class MediaTransport : public ::testing::TestWithParam<Transport> {};
INSTANTIATE_TEST_SUITE_P(All, MediaTransport, ::testing::ValuesIn(transports()), transport_name);

TEST_P(MediaTransport, CarriesAudioBothWaysInOrderAndUnchanged)
{
    Simulation simulation(1, "{}", GetParam());
    simulation.open(audio_session(simulation));
    AudioSource there(simulation.sides[0]);
    AudioSource back(simulation.sides[1]);
    simulation.run(999 * kMs, [&] {
        there();
        back();
    });
    for (Side& side : simulation.sides) {
        ASSERT_GE(side.played[0].size(), 48U);
        for (std::uint32_t i = 0; i < side.played[0].size(); ++i) {
            ASSERT_EQ(side.played[0][i].bytes, numbered(i));
            ASSERT_EQ(side.played[0][i].rtp_timestamp - side.played[0][0].rtp_timestamp, i * 960);
            ASSERT_EQ(side.played[0][i].payload_type, 111);
            ASSERT_EQ(side.played[0][i].marker, i == 0 ? 1 : 0);
        }
        const Json statistics = side.statistics(0);
        EXPECT_EQ(statistics["packets_sent"], 50);
        EXPECT_EQ(statistics["bytes_sent"], 50 * 160);
        EXPECT_EQ(statistics["packets_received"], 50);
        EXPECT_EQ(statistics["bytes_received"], 50 * 160);
        EXPECT_EQ(statistics["packets_lost"], 0);
        EXPECT_EQ(statistics["packets_refused"], 0);
        EXPECT_EQ(statistics["suite"], GetParam().counted_suite());
    }
}

TEST_P(MediaTransport, GivesTheFirstAudioPacketOutAtOnceToBePlayedAfterTheLeastDelay)
{
    Simulation simulation(1, "{}", GetParam());
    simulation.open(audio_session(simulation));
    const std::int64_t sent_ns = simulation.now_ns() + kMs;
    AudioSource source(simulation.sides[0]);
    simulation.run(60 * kMs, std::ref(source));
    ASSERT_FALSE(simulation.sides[1].played[0].empty());
    const Played& first = simulation.sides[1].played[0][0];
    EXPECT_LE(first.taken_ns - sent_ns, 2 * kMs);
    EXPECT_GE(first.time_ns - first.taken_ns, 19 * kMs);
    EXPECT_LE(first.time_ns - first.taken_ns, 21 * kMs);
    EXPECT_GT(simulation.sides[1].arrivals[0], 0);
}

TEST_P(MediaTransport, SaysWhenToAskAgainBehindAGapAndHasTheNextPacketThen)
{
    Simulation simulation(1, "{}", GetParam());
    simulation.open(audio_session(simulation));
    Side& receiver = simulation.sides[1];
    receiver.taking = false;
    jf_payload payload{};
    payload.struct_size = sizeof(payload);
    std::int64_t due_ns = 0;
    EXPECT_EQ(receiver.session.methods->take(receiver.session.self, 0, simulation.now_ns(), &payload, &due_ns),
              JF_WOULD_BLOCK);
    EXPECT_EQ(due_ns, INT64_MAX);

    // A packet in order is there at once. Behind a gap it waits until the missing one would have been played.
    simulation.sides[0].send(0, 0, numbered(7));
    simulation.run(2 * kMs);
    EXPECT_EQ(receiver.session.methods->take(receiver.session.self, 0, simulation.now_ns(), &payload, &due_ns), JF_OK);
    const std::int64_t first_plays_ns = payload.time_ns;
    simulation.run(8 * kMs);
    simulation.fate = [](Transit&) { return std::vector<std::int64_t>{}; };
    simulation.sides[0].send(0, 960, numbered(8));
    simulation.fate = nullptr;
    simulation.sides[0].send(0, 1920, numbered(9));
    simulation.run(2 * kMs);
    EXPECT_EQ(receiver.session.methods->take(receiver.session.self, 0, simulation.now_ns(), &payload, &due_ns),
              JF_WOULD_BLOCK);
    EXPECT_NEAR(static_cast<double>(due_ns), static_cast<double>(first_plays_ns + 20 * kMs), kMs);
    const std::int64_t promised_ns = due_ns;
    EXPECT_EQ(receiver.session.methods->take(receiver.session.self, 0, promised_ns - 1, &payload, &due_ns),
              JF_WOULD_BLOCK);
    EXPECT_EQ(receiver.session.methods->take(receiver.session.self, 0, promised_ns, &payload, &due_ns), JF_OK);
    EXPECT_EQ(payload.time_ns, promised_ns + 20 * kMs);
    EXPECT_EQ(payload.lost_before, 1);
}

TEST_P(MediaTransport, CarriesAudioAndVideoOnOnePath)
{
    Simulation simulation(1, "{}", GetParam());
    simulation.open(call_session(simulation));
    AudioSource audio(simulation.sides[0]);
    std::uint32_t picture = 0;
    simulation.run(1000 * kMs, [&] {
        audio();
        if (simulation.now_ns() / kMs % 33 == 0) { // three packets a picture
            for (std::uint32_t part = 0; part < 3; ++part)
                simulation.sides[0].send(1, picture * 2970, numbered(picture * 3 + part, 1200), part == 2);
            ++picture;
        }
    });
    Side& receiver = simulation.sides[1];
    ASSERT_GE(receiver.played[0].size(), 48U);
    ASSERT_GE(receiver.played[1].size(), 3 * 28U);
    EXPECT_TRUE(in_order(receiver.played[0]));
    EXPECT_TRUE(in_order(receiver.played[1]));
    for (const Played& packet : receiver.played[1])
        EXPECT_EQ(packet.payload_type, 96);
    EXPECT_EQ(receiver.statistics(0)["packets_refused"], 0);
    EXPECT_EQ(receiver.statistics(1)["packets_refused"], 0);
    EXPECT_EQ(receiver.statistics(1)["kind"], "video");
}

TEST_P(MediaTransport, UsesFourSeparatePaths)
{
    Simulation simulation(4, "{}", GetParam());
    simulation.recording = true;
    Json config = call_session(simulation);
    config["streams"][0]["rtcp_path"] = 1;
    config["streams"][1]["rtp_path"] = 2;
    config["streams"][1]["rtcp_path"] = 3;
    simulation.open(config);
    AudioSource audio(simulation.sides[0]);
    VideoSource video(simulation.sides[0]);
    simulation.run(1000 * kMs, [&] {
        audio();
        video();
    });
    std::size_t packets[4] = {};
    for (const Transit& transit : simulation.seen) {
        ++packets[transit.link];
        EXPECT_EQ(is_rtcp(transit.bytes), transit.link % 2 == 1);
    }
    for (const std::size_t count : packets)
        EXPECT_GT(count, 0U);
    EXPECT_GE(simulation.sides[1].played[0].size(), 48U);
    EXPECT_GE(simulation.sides[1].played[1].size(), 29U);
    EXPECT_TRUE(simulation.sides[0].statistics(1).contains("round_trip_ms"));
}

TEST_P(MediaTransport, CountsExactlyWhatTheNetworkLost)
{
    Simulation simulation(1, "{}", GetParam());
    simulation.open(audio_session(simulation));
    std::mt19937 random(7);
    std::uint32_t dropped = 0;
    AudioSource source(simulation.sides[0]);
    simulation.fate = [&](Transit& transit) -> std::vector<std::int64_t> {
        const bool media = transit.from == 0 && !is_rtcp(transit.bytes);
        // The ends stay, or nobody could see the gap.
        if (media && source.count > 1 && source.count < 490 && random() % 10 == 0) {
            ++dropped;
            return {};
        }
        return {5 * kMs};
    };
    simulation.run(10'000 * kMs, std::ref(source));
    simulation.run(300 * kMs);
    Side& receiver = simulation.sides[1];
    ASSERT_GT(dropped, 20U);
    EXPECT_EQ(receiver.statistics(0)["packets_lost"], dropped);
    EXPECT_EQ(receiver.statistics(0)["packets_received"], source.count - dropped);
    EXPECT_EQ(lost_marks(receiver.played[0]), dropped);
    EXPECT_EQ(receiver.played[0].size(), source.count - dropped);
    const double fraction = simulation.sides[0].statistics(0)["remote_fraction_lost"];
    EXPECT_GE(fraction, 0.0);
    EXPECT_LE(fraction, 0.4);
    const auto& told = simulation.sides[0].losses[0]; // so that the encoder can make its packets hardier
    ASSERT_FALSE(told.empty());
    EXPECT_GT(*std::ranges::max_element(told), 2U);
    // Of all reports together: one that comes soon after another (RFC 3550 section 6.3.5) speaks of few packets.
    EXPECT_LE(std::accumulate(told.begin(), told.end(), 0U) / told.size(), 20U);
}

TEST_P(MediaTransport, RestoresOrderAndDropsDoublesWithoutCallingThemLost)
{
    Simulation simulation(1, "{}", GetParam());
    simulation.open(audio_session(simulation));
    std::mt19937 random(11);
    std::uint32_t doubled = 0;
    simulation.fate = [&](Transit& transit) -> std::vector<std::int64_t> {
        if (transit.from != 0 || is_rtcp(transit.bytes))
            return {kMs};
        switch (random() % 5) {
        case 0:
            return {18 * kMs}; // not later than the least delay allows
        case 1:
            ++doubled;
            return {kMs, 9 * kMs};
        default:
            return {kMs};
        }
    };
    AudioSource source(simulation.sides[0]);
    simulation.run(5'000 * kMs, std::ref(source));
    simulation.fate = nullptr;
    simulation.run(300 * kMs);
    Side& receiver = simulation.sides[1];
    ASSERT_EQ(receiver.played[0].size(), source.count);
    for (std::uint32_t i = 0; i < source.count; ++i)
        ASSERT_EQ(receiver.played[0][i].number(), i);
    EXPECT_EQ(lost_marks(receiver.played[0]), 0U);
    EXPECT_EQ(receiver.statistics(0)["packets_lost"], 0);
    EXPECT_EQ(receiver.statistics(0)["packets_late"], 0);
    EXPECT_EQ(receiver.statistics(0)["packets_refused"], doubled);
}

TEST_P(MediaTransport, GrowsTheDelayWithTheJitterAndShrinksItSlowly)
{
    Simulation simulation(1, "{}", GetParam());
    simulation.open(audio_session(simulation));
    std::mt19937 random(3);
    bool rough = false;
    simulation.fate = [&](Transit& transit) -> std::vector<std::int64_t> {
        const bool media = transit.from == 0 && !is_rtcp(transit.bytes);
        return {media && rough ? static_cast<std::int64_t>(random() % 100) * kMs : kMs};
    };
    AudioSource source(simulation.sides[0]);
    Side& receiver = simulation.sides[1];
    simulation.run(2'000 * kMs, std::ref(source));
    EXPECT_NEAR(receiver.statistics(0)["jitter_buffer_ms"].get<double>(), 20.0, 1.0);
    EXPECT_NEAR(receiver.statistics(0)["jitter_ms"].get<double>(), 0.0, 1.0);

    rough = true;
    simulation.run(5'000 * kMs, std::ref(source));
    EXPECT_GT(receiver.statistics(0)["jitter_buffer_ms"].get<double>(), 80.0);
    EXPECT_LT(receiver.statistics(0)["jitter_buffer_ms"].get<double>(), 200.0);
    EXPECT_GT(receiver.statistics(0)["jitter_ms"].get<double>(), 10.0);
    const int late_so_far = receiver.statistics(0)["packets_late"];
    simulation.run(5'000 * kMs, std::ref(source));
    EXPECT_EQ(receiver.statistics(0)["packets_late"], late_so_far); // it has learnt

    rough = false;
    simulation.run(2'000 * kMs, std::ref(source));
    EXPECT_GT(receiver.statistics(0)["jitter_buffer_ms"].get<double>(), 60.0);
    simulation.run(20'000 * kMs, std::ref(source));
    EXPECT_NEAR(receiver.statistics(0)["jitter_buffer_ms"].get<double>(), 20.0, 1.0);
    EXPECT_TRUE(in_order(receiver.played[0]));
}

TEST_P(MediaTransport, FollowsAPeerWhoseClockRunsFastOrSlow)
{
    for (const std::int64_t step_ns : {kAudioStepNs - 20'000, kAudioStepNs + 20'000}) { // one in a thousand
        Simulation simulation(1, "{}", GetParam());
        simulation.open(audio_session(simulation));
        std::int64_t next_ns = simulation.now_ns();
        std::uint32_t count = 0;
        simulation.run(60'000 * kMs, [&] {
            for (; next_ns <= simulation.now_ns(); next_ns += step_ns, ++count)
                simulation.sides[0].send(0, count * 960, numbered(count));
        });
        simulation.run(300 * kMs);
        Side& receiver = simulation.sides[1];
        EXPECT_EQ(receiver.played[0].size(), count);
        EXPECT_EQ(receiver.statistics(0)["packets_late"], 0);
        const double delay_ms = receiver.statistics(0)["jitter_buffer_ms"];
        EXPECT_LT(delay_ms, 40.0);
        const Played& last = receiver.played[0].back();
        EXPECT_LT(last.taken_ns - next_ns, 60 * kMs); // the drift of 60 ms did not pile up
    }
}

TEST_P(MediaTransport, KnowsTheRoundTripAfterTheFirstReports)
{
    Simulation simulation(1, "{}", GetParam());
    simulation.open(audio_session(simulation));
    simulation.fate = [](Transit&) { return std::vector<std::int64_t>{40 * kMs}; };
    AudioSource there(simulation.sides[0]);
    AudioSource back(simulation.sides[1]);
    simulation.run(700 * kMs, [&] {
        there();
        back();
    });
    for (Side& side : simulation.sides) {
        ASSERT_TRUE(side.statistics(0).contains("round_trip_ms"));
        EXPECT_NEAR(side.statistics(0)["round_trip_ms"].get<double>(), 80.0, 1.5);
    }
}

TEST_P(MediaTransport, SendsReportsAtTheConfiguredPace)
{
    Simulation simulation(1, R"({"rtcp_interval_ms": 1000})", GetParam());
    simulation.recording = true;
    simulation.open(audio_session(simulation));
    AudioSource source(simulation.sides[0]);
    simulation.run(60'000 * kMs, std::ref(source));
    std::size_t reports = 0;
    for (const Transit& transit : simulation.seen)
        reports += transit.from == 0 && is_rtcp(transit.bytes) ? 1 : 0;
    EXPECT_GT(reports, 45U);
    EXPECT_LT(reports, 80U);
}

TEST_P(MediaTransport, CountsWhatAFullPathDidNotTake)
{
    Simulation simulation(1, "{}", GetParam());
    simulation.open(audio_session(simulation));
    AudioSource source(simulation.sides[0]);
    simulation.run(200 * kMs, std::ref(source));
    simulation.ends[0][0]->full = true;
    simulation.run(100 * kMs, std::ref(source));
    EXPECT_EQ(source.status, JF_WOULD_BLOCK);
    simulation.ends[0][0]->full = false;
    simulation.run(200 * kMs, std::ref(source));
    simulation.run(100 * kMs);
    EXPECT_EQ(simulation.sides[0].statistics(0)["packets_dropped"], 5);
    EXPECT_EQ(simulation.sides[1].statistics(0)["packets_lost"], 5);
    EXPECT_EQ(lost_marks(simulation.sides[1].played[0]), 5U);
}

TEST_P(MediaTransport, RefusesToSendWhatThePathCannotCarry)
{
    const std::size_t tag = GetParam().tag_bytes;
    Simulation simulation(1, "{}", GetParam());
    simulation.open(audio_session(simulation));
    EXPECT_EQ(simulation.sides[0].send(0, 0, numbered(0, 1400 - 12 - tag)), JF_OK);
    EXPECT_EQ(simulation.sides[0].send(0, 0, numbered(0, 1400 - 12 - tag + 1)), JF_BAD_INPUT);
    EXPECT_EQ(simulation.sides[0].send(0, 0, numbered(0, 100'000)), JF_BAD_INPUT);
    EXPECT_EQ(simulation.sides[0].send(9, 0, numbered(0)), JF_BAD_INPUT);
}

TEST_P(MediaTransport, TellsOnceThatThePeerSaidGoodbyeOnAllItsStreams)
{
    Simulation simulation(1, "{}", GetParam());
    simulation.open(call_session(simulation));
    AudioSource source(simulation.sides[0]);
    simulation.run(100 * kMs, [&] {
        source();
        simulation.sides[0].send(1, source.count * 1800, numbered(source.count), true);
    });
    simulation.sides[0].release();
    EXPECT_TRUE(simulation.ends[0][0]->closed);
    EXPECT_TRUE(simulation.sides[1].ended.empty());
    simulation.run(50 * kMs);
    ASSERT_EQ(simulation.sides[1].ended.size(), 1U);
    EXPECT_EQ(simulation.sides[1].ended[0], JF_OK);
}

TEST_P(MediaTransport, TellsThatAPathEnded)
{
    Simulation simulation(1, "{}", GetParam());
    simulation.open(audio_session(simulation));
    simulation.ends[1][0]->gate.ended(JF_UNREACHABLE, "no network");
    EXPECT_TRUE(simulation.sides[1].ended.empty()) << "the event is posted, never made inside the call";
    simulation.run(2 * kMs);
    ASSERT_EQ(simulation.sides[1].ended.size(), 1U);
    EXPECT_EQ(simulation.sides[1].ended[0], JF_UNREACHABLE);
}

TEST_P(MediaTransport, HonoursTheDirection)
{
    Simulation simulation(1, "{}", GetParam());
    Json first = audio_session(simulation);
    Json second = Simulation::mirrored(first);
    first["streams"][0]["direction"] = "recvonly";
    second["streams"][0]["direction"] = "sendonly";
    ASSERT_EQ(simulation.sides[0].open(first, simulation.paths(0)), JF_OK);
    ASSERT_EQ(simulation.sides[1].open(second, simulation.paths(1)), JF_OK);
    AudioSource listener(simulation.sides[0]);
    AudioSource speaker(simulation.sides[1]);
    simulation.run(1000 * kMs, [&] {
        listener();
        speaker();
    });
    EXPECT_EQ(listener.status, JF_REFUSED);
    EXPECT_GE(simulation.sides[0].played[0].size(), 48U);
    EXPECT_TRUE(simulation.sides[1].played[0].empty());
    EXPECT_TRUE(simulation.sides[1].statistics(0).contains("round_trip_ms")) << "RTCP goes both ways all the same";
}

// A call that is put on hold: what the other has sent before it heard of that still comes.
TEST_P(MediaTransport, APacketThatIsOnItsWayWhenWeCeaseToListenIsNotPlayedAndNotLost)
{
    Simulation simulation(1, "{}", GetParam());
    simulation.open(audio_session(simulation));
    AudioSource speaker(simulation.sides[0]);
    simulation.run(200 * kMs, [&] { speaker(); });
    Side& holder = simulation.sides[1];
    const auto direct = [&](const char* direction) {
        simulation.second["streams"][0]["direction"] = direction;
        ASSERT_EQ(holder.change(simulation.second, simulation.paths(1)), JF_OK);
    };
    direct("sendonly");
    const std::size_t played = holder.played[0].size();
    simulation.run(40 * kMs, [&] { speaker(); });
    direct("sendrecv");
    simulation.run(200 * kMs, [&] { speaker(); });
    const Json statistics = holder.statistics(0);
    EXPECT_EQ(statistics["packets_lost"], 0) << statistics;
    EXPECT_EQ(statistics["packets_refused"], 0) << statistics;
    ASSERT_GT(holder.played[0].size(), played) << "and it goes on afterwards";
    EXPECT_GE(holder.played[0][played].number(), played + 2) << "what came meanwhile was not kept";
}

} // namespace
} // namespace media_transport_test
