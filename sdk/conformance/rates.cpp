// jackfield.congestion_control/1: rates that stay within bounds, whatever a peer says.
//
// Threads: the test's. Lifetime: a controller is released before its instance goes.
#include "lists.hpp"

#include <jackfield/abi/congestion_control.h>

#include <algorithm>
#include <limits>
#include <random>

namespace jackfield::conformance {

namespace rates {
namespace {

constexpr std::int64_t kMs = 1'000'000;
constexpr std::int64_t kSecond = 1000 * kMs;

struct Targets {
    std::vector<std::uint32_t> streams;
    std::uint32_t pacing_bps = 0;
    std::uint32_t window_bytes = 0;

    bool operator==(const Targets&) const = default;
    std::uint64_t sum() const
    {
        std::uint64_t all = 0;
        for (const std::uint32_t bps : streams)
            all += bps;
        return all;
    }
};

/// A controller with sound and pictures.
class Subject {
public:
    explicit Subject(Bench& bench) : life_(bench.make(JF_CONGESTION_CONTROL_INTERFACE))
    {
        jf_error error = no_error();
        check(life_.methods<jf_congestion_control_methods>().open(life_.self(), &controller_, &error), error);
        set({{sizeof(jf_rate_stream), JF_AUDIO, 24'000, 64'000, 64'000, 0},
             {sizeof(jf_rate_stream), JF_VIDEO, 100'000, 2'000'000, 500'000, 0}});
    }
    Subject(const Subject&) = delete;
    Subject& operator=(const Subject&) = delete;
    ~Subject() { controller_.methods->release(controller_.self); }

    void set(std::vector<jf_rate_stream> streams)
    {
        streams_ = std::move(streams);
        controller_.methods->set_streams(controller_.self, streams_.data(), streams_.size(), now_ns);
    }
    /// A packet leaves; nothing is said about it yet.
    jf_packet_report send(std::uint32_t bytes = 1000)
    {
        const jf_sent_packet packet{sizeof(packet), 1, ++number_, now_ns, bytes, 0};
        controller_.methods->sent(controller_.self, &packet);
        return {packet.number, now_ns, 0, bytes, 0, 0, 0};
    }
    void hear(const std::vector<jf_packet_report>& reports, std::int64_t round_trip_ns = 40 * kMs)
    {
        const jf_rate_feedback feedback{sizeof(feedback), 10'000,         now_ns,
                                        round_trip_ns,    reports.data(), reports.size()};
        controller_.methods->feedback(controller_.self, &feedback);
    }
    /// 100 ms, ten packets, and what `fate` says about each.
    void live(const std::function<void(jf_packet_report&)>& fate)
    {
        std::vector<jf_packet_report> reports;
        for (int packet = 0; packet < 10; ++packet) {
            now_ns += 10 * kMs;
            reports.push_back(send());
            fate(reports.back());
        }
        hear(reports);
        tick();
    }
    void tick()
    {
        const jf_rate_moment moment{sizeof(moment), 10'000, 0, 0, now_ns, 0};
        const std::int64_t next_ns = controller_.methods->tick(controller_.self, &moment);
        require(next_ns > now_ns, "tick wants to be told again " + std::to_string(now_ns - next_ns) + " ns ago");
    }
    Targets targets()
    {
        Targets found{std::vector<std::uint32_t>(streams_.size(), 0xdddddddd), 0, 0};
        jf_rate_targets raw{sizeof(raw), static_cast<std::uint32_t>(streams_.size()), found.streams.data(), 0, 0};
        controller_.methods->targets(controller_.self, &raw);
        found.pacing_bps = raw.pacing_bps;
        found.window_bytes = raw.window_bytes;
        for (std::size_t i = 0; i < streams_.size(); ++i)
            require(found.streams[i] >= streams_[i].min_bps && found.streams[i] <= streams_[i].max_bps,
                    "stream " + std::to_string(i) + " is to send " + std::to_string(found.streams[i]) +
                        " bit/s, outside of " + std::to_string(streams_[i].min_bps) + " to " +
                        std::to_string(streams_[i].max_bps));
        return found;
    }
    const jf_rate_controller& raw() const { return controller_; }

    std::int64_t now_ns = 5 * kSecond;

private:
    Life& life_;
    jf_rate_controller controller_{};
    std::vector<jf_rate_stream> streams_;
    std::uint64_t number_ = 0;
};

void arrives(jf_packet_report& report)
{
    report.received = 1;
    report.arrival_ns = report.sent_ns + 20 * kMs;
}

void keeps_within_streams(Bench& bench)
{
    Subject subject(bench);
    subject.targets();
    for (int i = 0; i < 300; ++i) {
        subject.live(arrives);
        subject.targets();
    }
    subject.set({{sizeof(jf_rate_stream), JF_AUDIO, 24'000, 64'000, 64'000, 0},
                 {sizeof(jf_rate_stream), JF_VIDEO, 0, 0, 0, 0}});
    subject.targets();
    subject.set({{sizeof(jf_rate_stream), JF_VIDEO, 900'000, 950'000, 920'000, 0}});
    subject.targets();
    for (int i = 0; i < 100; ++i) {
        subject.live([](jf_packet_report&) {});
        subject.targets();
    }
}

std::int64_t wild_time(std::mt19937_64& random, std::int64_t now_ns)
{
    switch (random() % 6) {
    case 0:
        return 0;
    case 1:
        return std::numeric_limits<std::int64_t>::max() / 4;
    case 2:
        return -static_cast<std::int64_t>(random() % (100 * kSecond));
    default:
        return now_ns + static_cast<std::int64_t>(random() % (4 * kSecond)) - 2 * kSecond;
    }
}

void bears_lies(Bench& bench)
{
    Subject subject(bench);
    std::mt19937_64 random(4711);
    for (int round = 0; round < 2000; ++round) {
        subject.now_ns += static_cast<std::int64_t>(random() % (200 * kMs));
        std::vector<jf_packet_report> reports;
        for (std::size_t i = random() % 20; i > 0; --i) {
            auto report = subject.send(random() % 8 == 0 ? 0xffffffffU : static_cast<std::uint32_t>(random() % 1500));
            report.received = random() % 3 != 0;
            report.ecn = static_cast<std::uint8_t>(random());
            report.arrival_ns = wild_time(random, subject.now_ns);
            if (random() % 10 == 0)
                report.sent_ns = wild_time(random, subject.now_ns);
            if (random() % 10 == 0)
                report.number = random();
            reports.push_back(report);
        }
        subject.hear(reports, random() % 4 == 0 ? wild_time(random, 0) : 40 * kMs);
        subject.raw().methods->reported(subject.raw().self, static_cast<std::uint32_t>(random()),
                                        static_cast<std::uint32_t>(random()), wild_time(random, 0), subject.now_ns);
        subject.tick();
        const Targets targets = subject.targets();
        require(targets.pacing_bps == 0 || targets.pacing_bps >= targets.sum(),
                "pacing_bps is " + std::to_string(targets.pacing_bps) + ", and the targets together " +
                    std::to_string(targets.sum()));
    }
}

void ticks_ahead(Bench& bench)
{
    Subject subject(bench);
    subject.tick();
    subject.tick(); // also when no time has passed
    for (int i = 0; i < 50; ++i)
        subject.live(arrives);
    subject.now_ns += 30 * kSecond;
    subject.tick();
}

void repeats_itself(Bench& bench)
{
    Subject one(bench);
    Subject other(bench);
    std::mt19937_64 random(1);
    for (int i = 0; i < 100; ++i) {
        const auto extra_ns = static_cast<std::int64_t>(random() % (20 * kMs));
        const bool lost = random() % 10 == 0;
        for (Subject* subject : {&one, &other}) {
            subject->live([&](jf_packet_report& report) {
                report.received = lost ? 0 : 1;
                report.arrival_ns = lost ? 0 : report.sent_ns + 20 * kMs + extra_ns;
            });
        }
        require(one.targets() == other.targets(), "two controllers that were told the same answer differently");
    }
}

void never_rises_under_losses(Bench& bench)
{
    Subject subject(bench);
    for (int i = 0; i < 30; ++i)
        subject.live(arrives);
    const auto lossy = [&](int count) {
        for (int i = 0; i < count; ++i) {
            bool odd = false;
            subject.live([&](jf_packet_report& report) {
                odd = !odd;
                if (odd)
                    arrives(report);
            });
        }
    };
    lossy(15); // a controller may take some time to believe it
    std::uint64_t before = subject.targets().sum();
    for (int i = 0; i < 50; ++i) {
        lossy(1);
        const std::uint64_t now = subject.targets().sum();
        require(now <= before, "half of all packets are lost, and the targets rise from " + std::to_string(before) +
                                   " to " + std::to_string(now));
        before = now;
    }
}

} // namespace
} // namespace rates

void add_rate_tests(TestList& list)
{
    using namespace rates;
    const std::string id = JF_CONGESTION_CONTROL_INTERFACE;
    list.push_back({"JF-CC-01", id, "Targets are within the bounds of streams", keeps_within_streams});
    list.push_back({"JF-CC-02", id, "Lies do not move targets out of bounds", bears_lies});
    list.push_back({"JF-CC-03", id, "tick answers a time ahead", ticks_ahead});
    list.push_back({"JF-CC-04", id, "The same calls give the same answers", repeats_itself});
    list.push_back({"JF-CC-05", id, "No target rises while half is lost", never_rises_under_losses});
}

} // namespace jackfield::conformance
