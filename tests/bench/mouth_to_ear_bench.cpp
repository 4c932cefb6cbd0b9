// From mouth to ear: how long after it was spoken a sound is to be heard at the other end, between two processes on
// loopback, without the buffers that devices add. bursts.cpp is the mouth and the ear.
//
//   mouth_to_ear_bench [SECONDS [BUSY]]      of each call, 50 unless told; threads that compute all the while, 0
//
// A jitter buffer keeps more as long as it does not know the network: the first twenty seconds and what comes after
// thirty have rows of their own. The gaps are those of the whole call, in which the ear had nothing to play.
//
// links: scenario_world
// plugins: codec-g711 codec-opus discovery-static ice-libnice identity-memory media-null media-srtp
// plugins: reliable-usrsctp secure-openssl signaling-sip
#include "tests/scenarios/world.hpp"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <fstream>
#include <numeric>
#include <thread>

namespace {

using scenarios::Json;
using scenarios::World;

struct Setup {
    const char* name;
    const char* plugin;
    Json config;
    Json transport = Json::object();
};

constexpr std::size_t kFirst = 40; // bursts, in twenty seconds
constexpr std::size_t kLater = 60;

void print_row(const std::string& what, const char* when, std::vector<double> times_ms)
{
    if (times_ms.empty())
        return;
    std::sort(times_ms.begin(), times_ms.end());
    const auto at = [&](double share) {
        return times_ms[static_cast<std::size_t>(share * static_cast<double>(times_ms.size() - 1))];
    };
    std::printf("| %s | %s | %zu | %.1f | %.1f | %.1f | %.1f |", what.c_str(), when, times_ms.size(), times_ms.front(),
                at(0.5), at(0.95), times_ms.back());
}

void print_rows(const Setup& setup, const char* way, const std::filesystem::path& file)
{
    const Json heard = Json::parse(std::ifstream(file), nullptr, false);
    const std::string what = std::string(setup.name) + " | " + way;
    if (!heard.is_object()) {
        std::printf("| %s | nothing was heard |\n", what.c_str());
        return;
    }
    const auto times = heard["after_ms"].get<std::vector<double>>();
    const auto gaps = heard["gaps_ms"].get<std::vector<double>>();
    const auto from = [&](std::size_t number) {
        return times.begin() + static_cast<std::ptrdiff_t>(std::min(number, times.size()));
    };
    print_row(what, "at first", {times.begin(), from(kFirst)});
    std::printf(" %zu | %.1f |\n", gaps.size(), std::accumulate(gaps.begin(), gaps.end(), 0.0));
    if (times.size() > kLater) {
        print_row(what, "later", {from(kLater), times.end()});
        std::printf(" | |\n");
    }
    std::fflush(stdout);
}

/// Both talk; what each has heard stands in a file of its own when the call is over.
void measure(const Setup& setup, const std::string& seconds)
{
    World world(false);
    const Json slots{
        {"identity", {{"use", "identity-memory"}}},
        {"discovery", Json::array({{{"use", "discovery-static"}, {"config", {{"listen", "127.0.0.1:0"}}}}})},
        {"codec", {{"use", setup.plugin}, {"config", setup.config}}},
        {"media_transport", {{"use", "media-srtp"}, {"config", setup.transport}}}};
    const auto ear = [&](const std::string& name) { return (world.folder() / (name + ".heard")).string(); };
    for (const char* name : {"alice", "bob"}) {
        world.configure(name, {.slots = slots});
        world.change(name, [&](Json& config) {
            config["plugin_path"].push_back(JACKFIELD_BENCH_PLUGIN_DIR);
            config["slots"]["media_source"] = {{"use", "media-bursts"}};
            config["slots"]["media_sink"] = Json::parse(R"([{"use": "media-bursts"}, {"use": "media-null"}])");
        });
    }
    const auto bob = world.listen("bob", {"--answer", "--once", "--send", "bursts", "--play", "bursts:" + ear("bob")});
    const std::string account = bob->event("identity", "done")["detail"].value("account", "");
    world.introduce("alice", account, bob->listening());
    const auto alice = world.call(
        "alice", account, {"--audio-only", "--for", seconds, "--send", "bursts", "--play", "bursts:" + ear("alice")});
    const int code = alice->exit_code();
    if (code != 0 || bob->exit_code() != 0)
        std::printf("the call of %s ended with %d\n", setup.name, code);
    print_rows(setup, "to the callee", ear("bob"));
    print_rows(setup, "to the caller", ear("alice"));
}

} // namespace

int main(int argc, char** argv)
{
    const std::string seconds = argc > 1 ? argv[1] : "50";
    std::atomic<bool> over = false;
    std::vector<std::jthread> busy;
    for (int number = 0; number < (argc > 2 ? std::atoi(argv[2]) : 0); ++number)
        busy.emplace_back([&over] {
            while (!over) {
            }
        });
    std::printf("| codec | way | when | bursts | min ms | median | 95 %% | max | gaps | ms of them |\n"
                "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
    for (const Setup& setup :
         std::vector<Setup>{{"Opus", "codec-opus", Json::object()},
                            {"Opus, low delay", "codec-opus", {{"application", "lowdelay"}}},
                            {"Opus, jitter_min_ms 20", "codec-opus", Json::object(), {{"jitter_min_ms", 20}}},
                            {"G.711", "codec-g711", Json::object()}})
        measure(setup, seconds);
    over = true;
}
