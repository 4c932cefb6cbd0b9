// How many round trips a call takes: the same cold call over cables of several delays, and the straight line through
// its times; and how much of that each step takes over the longest of them. Prints the page that is kept in
// ROUND_TRIPS.md; judges nothing.
//
//     build/release/bench/round_trips > tests/laboratory/ROUND_TRIPS.md
//     build/release/bench/round_trips default.json        one configuration of samples/configs
//     build/release/bench/round_trips default.json 300    over that delay alone, in milliseconds
//
// Exit code: 0 if every call came through, 1 if one did not, 2 for a command line that is none, 77 if this kernel lets
// nobody make a network.

#include "nat_pairs.hpp"
#include "private_world.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <set>

namespace {

using namespace laboratory;
using scenarios::Json;
using scenarios::Process;

std::vector<int> round_trips_ms = {0, 50, 100, 200, 400}; // unless the command line says one
constexpr int kCalls = 3;                                 // of each; the median counts

/// What ends a step of the caller.
struct Mark {
    const char* title;
    const char* step;
    const char* moment;
    const char* what;
};
constexpr Mark kMarks[] = {{"find", "discovery", "done", ""},
                           {"ask, answer", "answer", "done", ""},
                           {"path", "connectivity", "done", ""},
                           {"encrypt", "secure_channel", "done", ""},
                           {"stream", "reliable_stream", "done", ""},
                           {"channel", "multiplexer", "done", ""},
                           {"invite, ringing", "signaling", "progress", "ringing"},
                           {"sound", "media", "progress", "first_audio"}};

struct Times {
    double ringing_ms = -1;                           // from dialling, at the caller
    double sound_ms = -1;                             // from there to the first sound, answered the moment it rings
    std::array<double, std::size(kMarks)> steps_ms{}; // how long each took; -1 where there was none
    std::string transport;                            // of the control path
};

double at(Process& process, const std::string& step, const std::string& moment, const std::string& what = {})
{
    const Json event = process.event(step, moment, what);
    return event.is_null() ? -1 : event.value("t_ms", -1.0);
}

/// As far as it has come: of what is not there yet nothing is waited for.
Json seen(Process& process, const Mark& mark)
{
    return process.find(
        [&](const Json& one) {
            return one.value("side", "") == "caller" && one.value("step", "") == mark.step &&
                   one.value("event", "") == mark.moment &&
                   (*mark.what == '\0' || one["detail"].value("what", "") == mark.what);
        },
        std::chrono::milliseconds(0));
}

void read_steps(Process& alice, double dialled, Times& times)
{
    double before = dialled;
    for (std::size_t i = 0; i < std::size(kMarks); ++i) {
        const Json event = seen(alice, kMarks[i]);
        const double when = event.is_null() ? -1 : event.value("t_ms", -1.0);
        times.steps_ms[i] = when < 0 ? -1 : when - before;
        before = when < 0 ? before : when;
        if (std::string_view(kMarks[i].step) == "connectivity" && when >= 0)
            times.transport = event["detail"].value("transport", "");
    }
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
    Times times;
    read_steps(*alice, dialled, times);
    alice->interrupt();
    alice->exit_code();
    if (dialled < 0 || ringing < 0 || sound < 0)
        return {};
    times.ringing_ms = ringing - dialled;
    times.sound_ms = sound - ringing;
    return times;
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
    for (const int round_trip_ms : round_trips_ms)
        std::cout << " " << round_trip_ms << " ms |";
    std::cout << " to ringing: base, ms | round trips | to sound: base, ms | round trips |\n| --- |";
    for (std::size_t column = 0; column < round_trips_ms.size() + 4; ++column)
        std::cout << " --- |";
    std::cout << "\n";
}

/// The steps of the calls over one delay: the median of each, in round trips.
struct Steps {
    std::string sample;
    int round_trip_ms = 0;
    std::vector<Times> calls;
};

void print_steps(const std::vector<Steps>& all)
{
    std::cout
        << "\nWhat each step takes of that over the longest delay, in round trips: the median of those calls that "
           "have the step.\n\n| configuration | over |";
    for (const Mark& mark : kMarks)
        std::cout << " " << mark.title << " |";
    std::cout << "\n| --- | --- |";
    for (std::size_t column = 0; column < std::size(kMarks); ++column)
        std::cout << " --- |";
    std::cout << "\n";
    for (const Steps& steps : all) {
        if (steps.round_trip_ms == 0 || steps.calls.empty())
            continue;
        std::set<std::string> transports;
        for (const Times& call : steps.calls)
            transports.insert(call.transport);
        std::string names;
        for (const auto& name : transports)
            names += (names.empty() ? "" : ", ") + name;
        std::cout << "| `" << steps.sample << "` | " << names << " |" << std::flush;
        for (std::size_t i = 0; i < std::size(kMarks); ++i) {
            std::vector<double> took;
            for (const Times& call : steps.calls) {
                if (call.steps_ms[i] >= 0)
                    took.push_back(call.steps_ms[i] / steps.round_trip_ms);
            }
            if (took.empty())
                std::printf(" - |");
            else
                std::printf(" %.1f |", median(took));
        }
        std::printf("\n");
        std::fflush(stdout);
    }
}

/// Kept by hand, from captures of those steps.
void print_what_remains()
{
    std::cout << R"(
What remains of each step, and why; we aim at 4 to ringing.

| step | least | why |
| --- | --- | --- |
| find, over the DHT | 1 | the bootstrap nodes are asked along with OpenDHT's first ping; 2 where none of them has the card |
| find, at a rendezvous server | 3 | TCP, the upgrade to WebSocket, the question; a process that runs already has the first two behind it |
| find, at a static peer | 2 | TCP, the question |
| ask, answer, over the DHT | 1 | to the callee and back; a new node listens at whoever gave it a token first; 2 where the answer is put elsewhere |
| ask, answer, otherwise | 1 | |
| path, UDP | 1 | the caller's check and its answer; then 100 ms for TCP, where that could still come |
| path, TCP | 3 | connect, check, and a nomination of its own, which RFC 6544 demands of TCP |
| encrypt, QUIC | 0 | its first flight goes along with the caller's first check, and is answered when that is |
| encrypt, DTLS 1.2 | 1 | the first of its two goes so, too; the second is for both Finished; there is no DTLS 1.3 in OpenSSL 3.0, GnuTLS 3.7 and Mbed TLS 2.28 |
| encrypt, TLS 1.3 | 1 | |
| encrypt, TLS 1.2 | 2 | |
| stream, SCTP | 1 | its handshake has two, but the callee's INIT comes with the callee's Finished |
| channel | 0 | what is sent on it goes along with the question; with `mux-msgpack` 1 |
| invite, ringing | 1 | |
)";
}

bool print_row(const std::string& sample, Steps& steps)
{
    std::vector<double> delays;
    std::vector<double> ringing;
    std::vector<double> sound;
    std::cout << "| `" << sample << "` |";
    steps.sample = sample;
    for (const int round_trip_ms : round_trips_ms) {
        std::vector<double> to_ringing;
        std::vector<double> to_sound;
        steps.round_trip_ms = round_trip_ms;
        steps.calls.clear();
        for (int one = 0; one < kCalls; ++one) {
            const Times times = call(sample, round_trip_ms);
            if (times.ringing_ms < 0)
                continue;
            steps.calls.push_back(times);
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
        return round_trips_ms.size() == 1 && delays.size() == 1;
    }
    const auto [ringing_base, ringing_slope] = line_through(delays, ringing);
    const auto [sound_base, sound_slope] = line_through(delays, sound);
    std::printf(" %.0f | %.1f | %.0f | %.1f |\n", ringing_base, ringing_slope, sound_base, sound_slope);
    std::fflush(stdout);
    return delays.size() == round_trips_ms.size();
}

} // namespace

int main(int argc, char** argv)
{
    std::vector<std::string> samples(argv + 1, argv + argc);
    const int only_ms = samples.size() == 2 ? std::atoi(samples[1].c_str()) : 0;
    if (samples.size() > 2 || (!samples.empty() && !samples[0].ends_with(".json")) ||
        (samples.size() == 2 && (only_ms < 1 || only_ms > 2000))) {
        std::cerr << "usage: round_trips [CONFIGURATION.json [DELAY]] > tests/laboratory/ROUND_TRIPS.md\n"
                     "DELAY: there and back, 1 to 2000 ms\n";
        return 2;
    }
    if (only_ms > 0) {
        round_trips_ms = {only_ms};
        samples.pop_back();
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
    std::vector<Steps> steps;
    for (const auto& sample : samples)
        all = print_row(sample, steps.emplace_back()) && all;
    print_steps(steps);
    if (steps.size() > 1)
        print_what_remains();
    return all ? 0 : 1;
}
