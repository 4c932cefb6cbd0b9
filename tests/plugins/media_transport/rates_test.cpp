// What two sessions of a built plugin do for congestion control: reports of arrivals, a controller that is told and
// obeyed, pictures that leave at a rate, and packets that are sent again.
//
// Threads: the test's thread; time is simulated.
#include "cases.hpp"

namespace media_transport_test {
namespace {

class MediaTransportRates : public ::testing::TestWithParam<Transport> {};
INSTANTIATE_TEST_SUITE_P(All, MediaTransportRates, ::testing::ValuesIn(transports()), transport_name);

/// Remembers what it is told, and answers what the test wants.
struct Scripted {
    std::vector<jf_rate_stream> streams;
    std::vector<jf_sent_packet> packets;
    std::vector<jf_packet_report> reports;
    std::vector<std::int64_t> round_trips;
    std::vector<std::uint32_t> losses;
    int ticks = 0;
    std::uint32_t most_queued = 0;
    std::uint32_t wanted_bps[JF_RATE_STREAMS_MAX] = {};
    std::uint32_t pacing_bps = 0;
    std::uint32_t window_bytes = 0;
    std::int64_t last_ns = 0;
    bool time_runs_back = false;

    void at(std::int64_t now_ns)
    {
        time_runs_back = time_runs_back || now_ns < last_ns;
        last_ns = std::max(last_ns, now_ns);
    }
    jf_rate_controller handle() { return {&kMethods, this}; }

    static Scripted& of(void* self) { return *static_cast<Scripted*>(self); }
    static const jf_rate_controller_methods kMethods;
};

const jf_rate_controller_methods Scripted::kMethods{
    sizeof(jf_rate_controller_methods),
    0,
    [](void* self, const jf_rate_stream* streams, std::size_t count, std::int64_t now_ns) {
        of(self).streams.assign(streams, streams + count);
        of(self).at(now_ns);
    },
    [](void* self, const jf_sent_packet* packet) { of(self).packets.push_back(*packet); },
    [](void* self, const jf_rate_feedback* feedback) {
        of(self).reports.insert(of(self).reports.end(), feedback->reports, feedback->reports + feedback->report_count);
        of(self).round_trips.push_back(feedback->round_trip_ns);
        of(self).at(feedback->now_ns);
    },
    [](void* self, std::uint32_t, std::uint32_t lost, std::int64_t, std::int64_t) { of(self).losses.push_back(lost); },
    [](void* self, const jf_rate_moment* moment) {
        ++of(self).ticks;
        of(self).most_queued = std::max(of(self).most_queued, moment->queued_bytes);
        of(self).at(moment->now_ns);
        return moment->now_ns + 20 * kMs;
    },
    [](void* self, jf_rate_targets* targets) {
        for (std::uint32_t i = 0; i < targets->stream_count; ++i)
            targets->stream_bps[i] = of(self).wanted_bps[i];
        targets->pacing_bps = of(self).pacing_bps;
        targets->window_bytes = of(self).window_bytes;
    },
    [](void*) {},
    nullptr};

/// A call with everything agreed that there is.
Json modern_session(Simulation& simulation)
{
    Json config = call_session(simulation);
    config["streams"][0]["feedback"] = {"ack ccfb"};
    config["streams"][0]["bitrate"] = {{"min_bps", 12'000}, {"max_bps", 64'000}, {"start_bps", 64'000}};
    config["streams"][1]["feedback"] = {"nack", "nack pli", "ack ccfb"};
    config["streams"][1]["bitrate"] = {{"min_bps", 50'000}, {"max_bps", 1'200'000}, {"start_bps", 600'000}};
    config["streams"][1]["repair"] = {{"payload_type", 97}, {"ssrc", 0x3333}};
    return config;
}

/// The configuration of side 0 as side 1 has it, sources of repair exchanged.
void open(Simulation& simulation)
{
    const Json first = modern_session(simulation);
    Json second = Simulation::mirrored(first);
    Json announced = first;
    for (Json* config : {&announced, &second}) {
        auto& streams = (*config)["streams"];
        streams[1]["repair"]["ssrc"] = config == &second ? 0x4444 : 0x3333;
        streams[1]["repair"]["remote_ssrc"] = config == &second ? 0x3333 : 0x4444;
        for (std::size_t i = 0; i < 2; ++i)
            streams[i]["remote_ssrc"] = (config == &second ? announced : second)["streams"][i]["ssrc"];
    }
    jackfield::check(simulation.sides[0].open(announced, simulation.paths(0)), jackfield::make_error(JF_INTERNAL, "0"));
    jackfield::check(simulation.sides[1].open(second, simulation.paths(1)), jackfield::make_error(JF_INTERNAL, "1"));
    simulation.run(20 * kMs); // hands are shaken
}

TEST_P(MediaTransportRates, TellsAControllerOfEachPacketAndWhatBecameOfIt)
{
    Simulation simulation(1, "{}", GetParam());
    Scripted controller;
    open(simulation);
    Side& sender = simulation.sides[0];
    sender.session.methods->control_rate(sender.session.self, controller.handle());
    ASSERT_EQ(controller.streams.size(), 2U);
    EXPECT_EQ(controller.streams[0].kind, std::uint32_t{JF_AUDIO});
    EXPECT_EQ(controller.streams[1].kind, std::uint32_t{JF_VIDEO});
    EXPECT_GT(controller.streams[0].max_bps, 64'000U) << "on the wire there are headers, too";
    EXPECT_LT(controller.streams[0].max_bps, 150'000U);
    AudioSource voice(sender);
    int sent = 0;
    unsigned lost = 0;
    simulation.fate = [&](Transit& transit) -> std::vector<std::int64_t> {
        const bool media = transit.from == 0 && transit.bytes.size() > 160 && transit.bytes.size() < 250;
        if (media && ++sent % 10 == 0) {
            ++lost;
            return {};
        }
        return {15 * kMs};
    };
    simulation.run(3000 * kMs, std::ref(voice));
    ASSERT_EQ(controller.packets.size(), voice.count);
    for (std::size_t i = 1; i < controller.packets.size(); ++i)
        ASSERT_EQ(controller.packets[i].number, controller.packets[i - 1].number + 1);
    const std::size_t tag_bytes = GetParam().suite.empty() ? 0 : GetParam().tag_bytes; // of this layer
    EXPECT_GE(controller.packets[0].size_bytes, 160U + 12 + 28 + tag_bytes);
    ASSERT_GT(controller.reports.size(), voice.count - 20);
    unsigned told_lost = 0;
    for (std::size_t i = 0; i < controller.reports.size(); ++i) {
        const auto& report = controller.reports[i];
        told_lost += report.received == 0 ? 1 : 0;
        if (i > 0 && report.received != 0 && controller.reports[0].received != 0) {
            const std::int64_t transit = report.arrival_ns - report.sent_ns;
            EXPECT_NEAR(static_cast<double>(transit - controller.reports[0].arrival_ns + controller.reports[0].sent_ns),
                        0, 2.1 * kMs)
                << "all took the same time, but for the units of a report";
        }
    }
    EXPECT_GE(told_lost + 1, lost);
    EXPECT_LE(told_lost, lost);
    ASSERT_FALSE(controller.round_trips.empty());
    for (const std::int64_t round_trip : controller.round_trips)
        EXPECT_NEAR(static_cast<double>(round_trip), 30.0 * kMs, 3.0 * kMs);
    EXPECT_FALSE(controller.time_runs_back);
    EXPECT_GT(controller.ticks, 100);
    EXPECT_FALSE(controller.losses.empty()) << "receiver reports are told, too";
    const Json congestion = sender.statistics()["congestion"];
    EXPECT_EQ(congestion["packets_reported"], controller.reports.size());
    EXPECT_EQ(congestion["packets_reported_lost"], told_lost);
}

TEST_P(MediaTransportRates, ReportsFromFiveToTwentyTimesASecondAndOnlyWhatCame)
{
    Simulation simulation(1, "{}", GetParam());
    open(simulation);
    AudioSource voice(simulation.sides[0]);
    simulation.run(1000 * kMs, std::ref(voice));
    Scripted controller;
    int backwards = 0;
    simulation.fate = [&](Transit& transit) -> std::vector<std::int64_t> {
        backwards += transit.from == 1 ? 1 : 0;
        return {kMs};
    };
    simulation.run(4000 * kMs, std::ref(voice));
    EXPECT_GE(backwards, 4 * 5);
    EXPECT_LE(backwards, 4 * 20 + 5);
    backwards = 0;
    simulation.run(10'000 * kMs);
    EXPECT_LE(backwards, 20) << "nothing came, so only reports of the schedule go out";
}

TEST_P(MediaTransportRates, WithoutTheAgreementNothingIsReportedOrRepaired)
{
    Simulation simulation(1, "{}", GetParam());
    simulation.open(call_session(simulation));
    Side& sender = simulation.sides[0];
    Scripted controller;
    sender.session.methods->control_rate(sender.session.self, controller.handle());
    AudioSource voice(sender);
    int backwards = 0;
    simulation.fate = [&](Transit& transit) -> std::vector<std::int64_t> {
        backwards += transit.from == 1 ? 1 : 0;
        return {kMs};
    };
    simulation.run(4000 * kMs, std::ref(voice));
    EXPECT_TRUE(controller.reports.empty());
    EXPECT_LE(backwards, 12);
    EXPECT_TRUE(sender.targets[0].empty()) << "nobody said what the encoder can do";
}

TEST_P(MediaTransportRates, TargetsReachEncodersInBitsOfPayloadWithinTheirBounds)
{
    Simulation simulation(1, "{}", GetParam());
    Scripted controller;
    controller.wanted_bps[0] = 60'000;
    controller.wanted_bps[1] = 500'000;
    open(simulation);
    Side& sender = simulation.sides[0];
    sender.session.methods->control_rate(sender.session.self, controller.handle());
    ASSERT_EQ(sender.targets[1].size(), 1U);
    EXPECT_NEAR(sender.targets[1][0], 465'000, 10'000) << "headers cost seven in a hundred";
    ASSERT_EQ(sender.targets[0].size(), 1U);
    EXPECT_LT(sender.targets[0][0], 45'000U) << "and of sound nearly half";
    controller.wanted_bps[1] = 9'000'000;
    simulation.run(100 * kMs);
    EXPECT_EQ(sender.targets[1].back(), 1'200'000U);
    controller.wanted_bps[1] = 0;
    simulation.run(100 * kMs);
    EXPECT_EQ(sender.targets[1].back(), 50'000U);
    const std::size_t before = sender.targets[1].size();
    simulation.run(500 * kMs);
    EXPECT_EQ(sender.targets[1].size(), before) << "what has not changed is not told";
    EXPECT_EQ(sender.statistics(1)["target_bps"], 50'000);
}

TEST_P(MediaTransportRates, AKeyFrameLeavesAtThePacingRateAndSoundDoesNotWaitBehindIt)
{
    Simulation simulation(1, "{}", GetParam());
    Scripted controller;
    controller.wanted_bps[1] = 500'000;
    controller.pacing_bps = 1'000'000;
    open(simulation);
    Side& sender = simulation.sides[0];
    sender.session.methods->control_rate(sender.session.self, controller.handle());
    std::vector<std::pair<std::int64_t, std::size_t>> left; // after the key frame was there, in ms, and how large
    std::int64_t begun = 0;
    simulation.fate = [&](Transit& transit) -> std::vector<std::int64_t> {
        if (transit.from == 0 && !is_rtcp(transit.bytes))
            left.emplace_back((simulation.now_ns() - begun) / kMs, transit.bytes.size());
        return {kMs};
    };
    begun = simulation.now_ns();
    for (std::uint32_t packet = 0; packet < 15; ++packet)
        ASSERT_EQ(sender.send(1, 0, numbered(packet, 1150), packet == 14), JF_OK);
    ASSERT_LE(left.size(), 2U);
    ASSERT_EQ(sender.send(0, 0, numbered(0), true), JF_OK);
    EXPECT_EQ(left.back().second, 160 + 12 + (GetParam().tag_bytes)) << "sound is out at once";
    EXPECT_GT(sender.statistics(1)["queued_packets"], 10);
    simulation.run(300 * kMs);
    ASSERT_EQ(left.size(), 16U);
    EXPECT_NEAR(static_cast<double>(left.back().first), 15 * 1.2 * 8, 25) << "18 kB at 1 Mb/s";
    for (std::size_t i = 4; i < left.size(); ++i)
        EXPECT_GE(left[i].first - left[i - 3].first, 10) << "no three at once";
    EXPECT_GT(controller.most_queued, 10'000U);
    EXPECT_EQ(sender.statistics(1)["queued_packets"], 0);
    const auto& played = simulation.sides[1].played[1];
    ASSERT_EQ(played.size(), 15U);
    EXPECT_TRUE(in_order(played));
}

TEST_P(MediaTransportRates, AFullWindowHoldsPicturesAndNotSound)
{
    Simulation simulation(1, "{}", GetParam());
    Scripted controller;
    controller.wanted_bps[1] = 500'000;
    controller.window_bytes = 4000;
    open(simulation);
    Side& sender = simulation.sides[0];
    sender.session.methods->control_rate(sender.session.self, controller.handle());
    int pictures = 0;
    simulation.fate = [&](Transit& transit) -> std::vector<std::int64_t> {
        pictures += transit.from == 0 && transit.bytes.size() > 1000 ? 1 : 0;
        return transit.from == 1 ? std::vector<std::int64_t>{} : std::vector<std::int64_t>{kMs}; // no word comes back
    };
    for (std::uint32_t packet = 0; packet < 10; ++packet)
        sender.send(1, 0, numbered(packet, 1150), packet == 9);
    simulation.run(500 * kMs);
    EXPECT_EQ(pictures, 3);
    EXPECT_EQ(sender.send(0, 0, numbered(0), true), JF_OK);
    simulation.fate = nullptr;
    simulation.run(3000 * kMs); // what nobody reported is given up, then reports open it
    EXPECT_EQ(simulation.sides[1].played[1].size(), 10U);
    EXPECT_EQ(simulation.sides[1].played[0].size(), 1U);
}

TEST_P(MediaTransportRates, WhatWaitsTooLongIsThrownAwayAndAKeyFrameAskedFor)
{
    Simulation simulation(1, "{}", GetParam());
    Scripted controller;
    controller.wanted_bps[1] = 50'000;
    controller.pacing_bps = 60'000;
    open(simulation);
    Side& sender = simulation.sides[0];
    sender.session.methods->control_rate(sender.session.self, controller.handle());
    for (std::uint32_t packet = 0; packet < 40; ++packet)
        sender.send(1, 0, numbered(packet, 1150), packet == 39);
    simulation.run(1300 * kMs);
    EXPECT_EQ(sender.key_frame_requests[1], 0);
    EXPECT_EQ(sender.send(1, 9000, numbered(40, 1150), true), JF_WOULD_BLOCK);
    EXPECT_EQ(sender.key_frame_requests[1], 1) << "our encoder's turn";
    EXPECT_EQ(sender.statistics(1)["queued_packets"], 0);
    const int dropped = sender.statistics(1)["packets_dropped"].get<int>();
    EXPECT_GT(dropped, 20);
    EXPECT_EQ(sender.statistics(1)["packets_sent"].get<int>() + dropped, 41);
    EXPECT_EQ(sender.send(1, 18'000, numbered(41, 500), true), JF_OK);
}

// --- repair ---------------------------------------------------------------------------------------------------------

/// Pictures of four packets, 30 a second.
struct Film {
    explicit Film(Side& to_side) : side(to_side) {}

    void operator()()
    {
        if (side.host.now_ns() / kMs % 33 != 0)
            return;
        for (int packet = 0; packet < 4; ++packet)
            side.send(1, pictures * 2970, numbered(count++, 1000), packet == 3);
        ++pictures;
    }

    Side& side;
    std::uint32_t pictures = 0;
    std::uint32_t count = 0;
};

bool is_repair(const Bytes& bytes)
{
    return bytes.size() > 12 && (bytes[1] & 0x7f) == 97;
}

TEST_P(MediaTransportRates, WhatIsLostIsAskedForAndComesInTime)
{
    Simulation simulation(1, "{}", GetParam());
    open(simulation);
    Side& viewer = simulation.sides[1];
    Film film(simulation.sides[0]);
    int pictures = 0;
    int repairs = 0;
    simulation.fate = [&](Transit& transit) -> std::vector<std::int64_t> {
        const bool repair = transit.from == 0 && is_repair(transit.bytes);
        repairs += repair ? 1 : 0;
        if (transit.from == 0 && transit.bytes.size() > 900 && !repair && ++pictures % 20 == 0)
            return {}; // one in twenty
        return {20 * kMs};
    };
    simulation.run(10'000 * kMs, std::ref(film));
    simulation.fate = nullptr;
    simulation.run(600 * kMs);
    EXPECT_EQ(viewer.played[1].size(), film.count);
    EXPECT_EQ(lost_marks(viewer.played[1]), 0U) << "no picture lacks anything";
    EXPECT_TRUE(in_order(viewer.played[1]));
    const Json counted = viewer.statistics(1);
    EXPECT_GE(counted["packets_repaired"], pictures / 20 - 3);
    EXPECT_LE(repairs, pictures / 20 + 3) << "each once";
    EXPECT_EQ(counted["repairs_asked"], repairs);
    EXPECT_EQ(simulation.sides[0].statistics(1)["repairs_sent"], repairs);
    EXPECT_GT(counted["packets_lost"], 0) << "the network lost them all the same";
}

TEST_P(MediaTransportRates, WhatIsLostTwiceIsAskedForAgainARoundTripLater)
{
    Simulation simulation(1, R"({"rtcp_interval_ms": 500})", GetParam());
    open(simulation);
    Side& viewer = simulation.sides[1];
    Film film(simulation.sides[0]);
    AudioSource voice(viewer); // who sends nothing never learns the round trip
    const auto both = [&] {
        film();
        voice();
    };
    simulation.fate = [&](Transit&) { return std::vector<std::int64_t>{20 * kMs}; };
    simulation.run(2000 * kMs, both);
    bool lost = false;
    std::vector<std::int64_t> repairs;
    simulation.fate = [&](Transit& transit) -> std::vector<std::int64_t> {
        if (transit.from == 0 && is_repair(transit.bytes)) {
            repairs.push_back(simulation.now_ns() / kMs);
            return repairs.size() == 1 ? std::vector<std::int64_t>{} : std::vector<std::int64_t>{20 * kMs};
        }
        if (transit.from == 0 && transit.bytes.size() > 900 && !std::exchange(lost, true))
            return {};
        return {20 * kMs};
    };
    simulation.run(1000 * kMs, both);
    ASSERT_EQ(repairs.size(), 2U);
    EXPECT_NEAR(static_cast<double>(repairs[1] - repairs[0]), 50, 15);
    EXPECT_EQ(lost_marks(viewer.played[1]), 0U);
}

TEST_P(MediaTransportRates, WhatNeverComesIsGivenUpAndPlayOutGoesOn)
{
    Simulation simulation(1, "{}", GetParam());
    open(simulation);
    Side& viewer = simulation.sides[1];
    Film film(simulation.sides[0]);
    int pictures = 0;
    int repairs = 0;
    simulation.fate = [&](Transit& transit) -> std::vector<std::int64_t> {
        if (transit.from == 0 && is_repair(transit.bytes)) {
            ++repairs;
            return {};
        }
        const bool picture = transit.from == 0 && transit.bytes.size() > 900;
        return picture && ++pictures == 30 ? std::vector<std::int64_t>{} : std::vector<std::int64_t>{20 * kMs};
    };
    simulation.run(3000 * kMs, std::ref(film));
    EXPECT_EQ(lost_marks(viewer.played[1]), 1U);
    EXPECT_GT(viewer.played[1].size(), film.count - 8);
    EXPECT_GE(repairs, 1);
    EXPECT_LE(repairs, 4);
    for (std::size_t i = 1; i < viewer.played[1].size(); ++i)
        EXPECT_LT(viewer.played[1][i].taken_ns - viewer.played[1][i - 1].taken_ns, 500 * kMs);
}

TEST_P(MediaTransportRates, RepairIsNoMoreThanAPartOfWhatIsSent)
{
    Simulation simulation(1, "{}", GetParam());
    open(simulation);
    Side& camera = simulation.sides[0];
    Film film(camera);
    std::size_t repaired = 0;
    simulation.fate = [&](Transit& transit) -> std::vector<std::int64_t> {
        if (transit.from == 0 && is_repair(transit.bytes))
            repaired += transit.bytes.size();
        const bool odd = transit.from == 0 && transit.bytes.size() > 900 && film.count % 8 < 6;
        return odd ? std::vector<std::int64_t>{} : std::vector<std::int64_t>{20 * kMs};
    };
    simulation.run(5000 * kMs, std::ref(film));
    EXPECT_GT(repaired, 0U);
    EXPECT_LT(repaired, film.count * 1000 * 0.8);
}

// --- lip-sync -------------------------------------------------------------------------------------------------------

/// Sound and pictures of the same moments, whose timestamps have nothing to do with each other; how far apart they are
/// played in the last second, in ms: pictures later than sound is above 0.
double apart(Simulation& simulation, std::int64_t sound_ms, std::int64_t pictures_ms)
{
    Side& sender = simulation.sides[0];
    Side& viewer = simulation.sides[1];
    simulation.fate = [=](Transit& transit) {
        return std::vector<std::int64_t>{(transit.bytes.size() > 900 ? pictures_ms : sound_ms) * kMs};
    };
    std::uint32_t count = 0;
    std::int64_t next_ns = simulation.now_ns();
    simulation.run(6000 * kMs, [&] {
        if (simulation.now_ns() < next_ns)
            return;
        next_ns += 20 * kMs;
        sender.send(0, count * 960, numbered(count), count == 0);
        sender.send(1, 5'000'000 + count * 1800, numbered(count, 1000), true);
        ++count;
    });
    std::map<std::uint32_t, std::int64_t> sound;
    for (const Played& played : viewer.played[0])
        sound[played.number()] = played.time_ns;
    double sum = 0;
    int pairs = 0;
    for (const Played& played : viewer.played[1]) {
        if (played.number() + 60 < count && played.number() + 110 > count && sound.contains(played.number())) {
            sum += static_cast<double>(played.time_ns - sound[played.number()]) / kMs;
            ++pairs;
        }
    }
    EXPECT_GT(pairs, 30);
    return sum / pairs;
}

TEST_P(MediaTransportRates, PicturesArePlayedWithTheSoundOfTheirMoment)
{
    Simulation simulation(1, "{}", GetParam());
    open(simulation);
    EXPECT_NEAR(apart(simulation, 200, 50), 0, 4) << "pictures came 150 ms before their sound, and waited";
}

TEST_P(MediaTransportRates, PicturesWaitForSoundOnlySoLongAndSoundNeverForPictures)
{
    Simulation held(1, "{}", GetParam());
    open(held);
    EXPECT_NEAR(apart(held, 900, 20), -500, 30) << "400 ms is the most that a picture waits";
    Simulation late(1, "{}", GetParam());
    open(late);
    EXPECT_NEAR(apart(late, 20, 200), 160, 30) << "what comes later is played when it comes";
}

} // namespace
} // namespace media_transport_test
