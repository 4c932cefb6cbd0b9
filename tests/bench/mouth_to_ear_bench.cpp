// From mouth to ear: how long after it was spoken a sound is to be heard at the other end, between two processes on
// loopback, without the buffers that devices add. bursts.cpp is the mouth and the ear.
//
//   mouth_to_ear_bench [SECONDS]      of each call; 20 unless told
//
// links: scenario_world
// plugins: codec-g711 codec-opus discovery-static ice-libnice identity-memory media-null media-srtp
// plugins: reliable-usrsctp secure-openssl signaling-sip
#include "tests/scenarios/world.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>

namespace {

using scenarios::Json;
using scenarios::World;

struct Setup {
    const char* name;
    const char* plugin;
    Json config;
    Json transport = Json::object();
};

std::vector<double> read_and_sort(const std::filesystem::path& file)
{
    const Json list = Json::parse(std::ifstream(file), nullptr, false);
    auto times = list.is_array() ? list.get<std::vector<double>>() : std::vector<double>();
    std::sort(times.begin(), times.end());
    return times;
}

void print_row(const Setup& setup, const char* way, const std::vector<double>& times_ms)
{
    if (times_ms.empty()) {
        std::printf("| %s | %s | 0 | - | - | - | - |\n", setup.name, way);
        return;
    }
    const auto at = [&](double share) {
        return times_ms[static_cast<std::size_t>(share * static_cast<double>(times_ms.size() - 1))];
    };
    std::printf("| %s | %s | %zu | %.1f | %.1f | %.1f | %.1f |\n", setup.name, way, times_ms.size(), times_ms.front(),
                at(0.5), at(0.95), times_ms.back());
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
    print_row(setup, "to the callee", read_and_sort(ear("bob")));
    print_row(setup, "to the caller", read_and_sort(ear("alice")));
}

} // namespace

int main(int argc, char** argv)
{
    const std::string seconds = argc > 1 ? argv[1] : "20";
    std::printf(
        "| codec | way | bursts | min ms | median | 95 %% | max |\n| --- | --- | --- | --- | --- | --- | --- |\n");
    for (const Setup& setup :
         std::vector<Setup>{{"Opus", "codec-opus", Json::object()},
                            {"Opus, low delay", "codec-opus", {{"application", "lowdelay"}}},
                            {"Opus, jitter_min_ms 10", "codec-opus", Json::object(), {{"jitter_min_ms", 10}}},
                            {"G.711", "codec-g711", Json::object()}})
        measure(setup, seconds);
}
