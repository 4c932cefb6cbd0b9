// How many round trips a call takes: the same cold call over cables of several delays, and the straight line through
// its times. Prints the page that is kept in ROUND_TRIPS.md; judges nothing.
//
//     build/release/bench/round_trips > tests/laboratory/ROUND_TRIPS.md
//     build/release/bench/round_trips default.json        one configuration of samples/configs
//
// Exit code: 0 if every call came through, 1 if one did not, 2 for a command line that is none, 77 if this kernel lets
// nobody make a network.

#include "nat_pairs.hpp"
#include "private_world.hpp"

#include <algorithm>
#include <cstdio>
#include <iostream>

namespace {

using namespace laboratory;
using scenarios::Json;
using scenarios::Process;

constexpr int kRoundTrips_ms[] = {0, 50, 100, 200, 400};
constexpr int kCalls = 3; // of each; the median counts

struct Times {
    double ringing_ms = -1; // from dialling, at the caller
    double sound_ms = -1;   // from there to the first sound, answered the moment it rings
};

double at(Process& process, const std::string& step, const std::string& moment, const std::string& what = {})
{
    const Json event = process.event(step, moment, what);
    return event.is_null() ? -1 : event.value("t_ms", -1.0);
}

/// Both ends begin as new accounts that nobody has heard of. The whole delay is on the caller's cable.
Times call(const std::string& sample, int round_trip_ms)
{
    PairLaboratory laboratory;
    const Peer alice_place = laboratory.add_peer(side("open"));
    const Peer bob_place = laboratory.add_peer(side("open"));
    laboratory.configure_as_sample("alice", sample);
    laboratory.configure_as_sample("bob", sample);
    laboratory.network().change(alice_place.host, "{\"delay_ms\": " + std::to_string(round_trip_ms / 2) + "}");
    std::unique_ptr<Process> alice;
    std::unique_ptr<Process> bob;
    bob_place.host.inside([&] { bob = laboratory.world().listen("bob", {"--answer", "--once", "--send", "test"}); });
    const std::string account = bob->event("identity", "done")["detail"].value("account", "");
    laboratory.world().introduce("alice", account, bob_place.host.address().text() + ":4300");
    alice_place.host.inside(
        [&] { alice = laboratory.world().call("alice", account, {"--send", "test", "--audio-only"}); });
    const double dialled = at(*alice, "call", "start");
    const double ringing = at(*alice, "signaling", "progress", "ringing");
    const double sound = at(*alice, "media", "progress", "first_audio");
    alice->interrupt();
    alice->exit_code();
    if (dialled < 0 || ringing < 0 || sound < 0)
        return {};
    return {ringing - dialled, sound - ringing};
}

double median(std::vector<double> values)
{
    std::ranges::sort(values);
    return values[values.size() / 2];
}

/// Least squares: what stays without a delay, and how often a round trip counts.
std::pair<double, double> line_through(const std::vector<double>& round_trips, const std::vector<double>& times)
{
    const auto count = static_cast<double>(times.size());
    double x = 0;
    double y = 0;
    double xx = 0;
    double xy = 0;
    for (std::size_t i = 0; i < times.size(); ++i) {
        x += round_trips[i];
        y += times[i];
        xx += round_trips[i] * round_trips[i];
        xy += round_trips[i] * times[i];
    }
    const double slope = (count * xy - x * y) / (count * xx - x * x);
    return {(y - slope * x) / count, slope};
}

void print_head()
{
    std::cout
        << "# How many round trips a call takes\n\n"
           "Written by `build/release/bench/round_trips`. Two real processes in two hosts of the public network, the "
           "configuration as it\n"
           "stands in `samples/configs`, accounts that nobody has heard of before, and the whole delay on the "
           "caller's cable, so that\n"
           "he is far from the servers, too. Each time is the median of "
        << kCalls
        << " calls, in milliseconds: from dialling to ringing, and from\n"
           "there to the first sound, answered the moment it rings. Slopes are those of the straight line through "
           "them (least\n"
           "squares), in round trips; what is left at no delay is the base.\n\n"
           "| configuration |";
    for (const int round_trip_ms : kRoundTrips_ms)
        std::cout << " " << round_trip_ms << " ms |";
    std::cout << " to ringing: base, ms | round trips | to sound: base, ms | round trips |\n| --- |";
    for (std::size_t column = 0; column < std::size(kRoundTrips_ms) + 4; ++column)
        std::cout << " --- |";
    std::cout << "\n";
}

bool print_row(const std::string& sample)
{
    std::vector<double> delays;
    std::vector<double> ringing;
    std::vector<double> sound;
    std::cout << "| `" << sample << "` |";
    for (const int round_trip_ms : kRoundTrips_ms) {
        std::vector<double> to_ringing;
        std::vector<double> to_sound;
        for (int one = 0; one < kCalls; ++one) {
            const Times times = call(sample, round_trip_ms);
            if (times.ringing_ms < 0)
                continue;
            to_ringing.push_back(times.ringing_ms);
            to_sound.push_back(times.sound_ms);
        }
        if (to_ringing.empty()) {
            std::cout << " no call |" << std::flush;
            continue;
        }
        delays.push_back(round_trip_ms);
        ringing.push_back(median(to_ringing));
        sound.push_back(median(to_sound));
        std::printf(" %.0f + %.0f |", ringing.back(), sound.back());
        std::fflush(stdout);
    }
    if (delays.size() < 2) {
        std::cout << " | | | |\n";
        return false;
    }
    const auto [ringing_base, ringing_slope] = line_through(delays, ringing);
    const auto [sound_base, sound_slope] = line_through(delays, sound);
    std::printf(" %.0f | %.1f | %.0f | %.1f |\n", ringing_base, ringing_slope, sound_base, sound_slope);
    std::fflush(stdout);
    return delays.size() == std::size(kRoundTrips_ms);
}

} // namespace

int main(int argc, char** argv)
{
    std::vector<std::string> samples(argv + 1, argv + argc);
    if (samples.size() > 1 || (samples.size() == 1 && !samples[0].ends_with(".json"))) {
        std::cerr << "usage: round_trips [CONFIGURATION.json] > tests/laboratory/ROUND_TRIPS.md\n";
        return 2;
    }
    if (const auto reason = enter_private_world(); !reason.empty()) {
        std::cerr << "round_trips: " << reason << "\n";
        return 77;
    }
    if (samples.empty())
        samples = {"default.json", "mbedtls.json",    "udp-only.json",
                   "quic.json",    "rendezvous.json", "static-peers.json"};
    print_head();
    bool all = true;
    for (const auto& sample : samples)
        all = print_row(sample) && all;
    return all ? 0 : 1;
}
