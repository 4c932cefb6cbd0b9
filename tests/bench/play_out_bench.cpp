// What the least delay of the jitter buffer (jitter_min_ms) buys on networks of several kinds, in simulated time: the
// play-out clock of the RTP transports is told when packets of 20 ms arrive, and a loudspeaker plays each when it is
// due, or when it has come if that is later. Whenever the loudspeaker has nothing to play, there is a gap.
//
//   play_out_bench      a table, as in FIGURES.md; every row of a network sees the same packets
//
// Packets do not overtake: one that waits holds up those behind it, as in a router's queue or on Wi-Fi. The mean of the
// delay is beyond the fastest packet's transit, as it is heard. Threads: one.
// links: shared_rtp
#include <shared/rtp/playout_clock.hpp>
#include <shared/rtp/wire.hpp>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <random>
#include <vector>

namespace {

using namespace jackfield::rtp;

constexpr unsigned kSeed = 11;
constexpr std::int64_t kFrameNs = 20 * kMillisecondNs;
constexpr int kMinutes = 60;
constexpr int kPackets = kMinutes * 60 * 50;
constexpr int kCalls = 60; // of a minute each: what a clock has to learn, it learns anew in each
constexpr std::uint32_t kClockRate = 48'000;
constexpr std::int64_t kHeardNs = kMillisecondNs; // a shorter gap is none

struct Network {
    const char* name;
    double uniform_ms;     // each packet is late by up to this
    double exponential_ms; // and by this in the mean
    double pause_ms;       // and now and then nothing comes for so long,
    double every_s;        // in the mean
};

constexpr Network kNetworks[] = {
    {"no jitter", 0, 0, 0, 0},
    {"a wire: 0.3 ms in the mean", 0, 0.3, 0, 0},
    {"up to 5 ms", 5, 0, 0, 0},
    {"up to 10 ms", 10, 0, 0, 0},
    {"up to 20 ms", 20, 0, 0, 0},
    {"2 ms in the mean, some far more", 0, 2, 0, 0},
    {"5 ms in the mean, some far more", 0, 5, 0, 0},
    {"Wi-Fi: 1 ms, and 12 ms of nothing every 10 s", 0, 1, 12, 10},
    {"Wi-Fi: 1 ms, and 18 ms of nothing every 10 s", 0, 1, 18, 10},
    {"Wi-Fi: 1 ms, and 60 ms of nothing every 30 s", 0, 1, 60, 30},
    {"mobile: up to 10 ms, and 40 ms of nothing every 5 s", 10, 0, 40, 5},
};

std::vector<std::int64_t> arrivals_in(const Network& network)
{
    std::mt19937 random(kSeed);
    const auto ns = [](double ms) { return static_cast<std::int64_t>(ms * 1e6); };
    std::vector<std::int64_t> arrivals;
    std::int64_t open_ns = 0; // when what has been held up gets through
    for (int number = 0; number < kPackets; ++number) {
        std::int64_t at_ns = number * kFrameNs;
        if (network.uniform_ms > 0)
            at_ns += ns(std::uniform_real_distribution<double>(0, network.uniform_ms)(random));
        if (network.exponential_ms > 0)
            at_ns += ns(std::exponential_distribution<double>(1 / network.exponential_ms)(random));
        if (network.pause_ms > 0 && std::bernoulli_distribution(0.02 / network.every_s)(random))
            open_ns = std::max(open_ns, at_ns + ns(network.pause_ms));
        at_ns = std::max(at_ns, open_ns);
        arrivals.push_back(arrivals.empty() ? at_ns : std::max(at_ns, arrivals.back()));
    }
    return arrivals;
}

struct Heard {
    double delay_ms = 0; // in the mean
    double gaps = 0;     // a minute
    double gap_ms = 0;   // of silence a minute
};

Heard play(const std::vector<std::int64_t>& arrivals, std::int64_t least_ns)
{
    Heard heard;
    for (int call = 0; call < kCalls; ++call) {
        PlayoutClock clock(kClockRate, least_ns, 200 * kMillisecondNs);
        std::int64_t over_ns = 0; // when the loudspeaker has played what it has
        for (int number = call * kPackets / kCalls; number < (call + 1) * kPackets / kCalls; ++number) {
            const std::int64_t at_ns = arrivals[static_cast<std::size_t>(number)];
            const auto timestamp = static_cast<std::uint32_t>(number) * (kClockRate / 50);
            const std::int64_t plays_ns = std::max(clock.due_ns(clock.arrived(timestamp, at_ns, false, false)), at_ns);
            const std::int64_t gap_ns = over_ns == 0 ? 0 : plays_ns - over_ns;
            heard.gaps += gap_ns > kHeardNs ? 1 : 0;
            heard.gap_ms += gap_ns > kHeardNs ? static_cast<double>(gap_ns) / 1e6 : 0;
            heard.delay_ms += static_cast<double>(plays_ns - number * kFrameNs) / 1e6;
            over_ns = plays_ns + kFrameNs;
        }
    }
    return {heard.delay_ms / kPackets, heard.gaps / kMinutes, heard.gap_ms / kMinutes};
}

} // namespace

int main()
{
    std::printf("| network | jitter_min_ms | delay, ms | gaps a minute | ms of them a minute |\n"
                "| --- | --- | --- | --- | --- |\n");
    for (const Network& network : kNetworks) {
        const auto arrivals = arrivals_in(network);
        for (const int least_ms : {10, 20}) {
            const Heard heard = play(arrivals, least_ms * kMillisecondNs);
            std::printf("| %s | %d | %.1f | %.2f | %.1f |\n", network.name, least_ms, heard.delay_ms, heard.gaps,
                        heard.gap_ms);
        }
    }
}
