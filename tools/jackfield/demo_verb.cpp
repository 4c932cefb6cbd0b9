// jackfield demo: a real call between two processes that find each other over a DHT, and a check of what arrived.
//
// Threads: the main thread; one more reads what bob prints.

#include "tools/jackfield/child.hpp"
#include "tools/jackfield/media_compare.hpp"
#include "tools/jackfield/session.hpp"
#include "tools/jackfield/verbs.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

namespace jackfield::program {

namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

// What python3-imageio and pocketsphinx-testdata of Debian install. The sound track of the film is digital silence, so
// alice's film gets a voice.
constexpr const char* kFilm = "/usr/lib/python3/dist-packages/imageio/resources/images/cockatoo.mp4";
constexpr const char* kSpeech =
    "/usr/share/pocketsphinx/test/data/librivox/sense_and_sensibility_01_austen_64kb-0870.wav";
constexpr const char* kVoice =
    "/usr/share/pocketsphinx/test/data/librivox/sense_and_sensibility_01_austen_64kb-0920.wav";

// A call that works is far above these (the READMEs say how far); one that does not is far below.
constexpr double kLeastCorrelation = 0.70;
constexpr double kLeastPsnrDb = 27.0;
constexpr double kLeastInOrder = 0.90;
constexpr double kLeastShare = 0.60; // of the talk time that must have been recorded

struct Demo {
    fs::path folder;
    std::string film;
    std::string speech;
    std::string secure;
    std::string policy;
    double talk_s = 6;
};

Json config_of(const Demo& demo, const std::string& name, const std::string& bootstrap)
{
    Json slots;
    slots["identity"] = {{"use", "identity-x509"}, {"config", {{"store", (demo.folder / name).string()}}}};
    slots["discovery"] = {
        {"use", "discovery-opendht"},
        {"config", {{"listen", "127.0.0.1:0"}, {"bootstrap", {bootstrap}}, {"public_rate_limits", false}}}};
    slots["connectivity"] = {{"use", "ice-libnice"}, {"config", {{"addresses", {"127.0.0.1"}}}}};
    slots["secure_channel"] = {{"use", demo.secure}};
    for (const auto& [slot, plugin] : std::map<std::string, std::string>{{"reliable_stream", "reliable-usrsctp"},
                                                                         {"signaling", "signaling-sip"},
                                                                         {"media_transport", "media-srtp"},
                                                                         {"codec", "codec-ffmpeg"},
                                                                         {"media_source", "media-ffmpeg"},
                                                                         {"media_sink", "media-ffmpeg"}})
        slots[slot] = {{"use", plugin}};
    Json plugin_path = Json::array();
    for (const auto& path : kernel::default_plugin_path())
        plugin_path.push_back(path.string());
    return {{"jackfield", 1},
            {"plugin_path", plugin_path},
            {"slots", slots},
            {"call", {{"control_policy", demo.policy}, {"display_name", name}}}};
}

std::string write_config(const Demo& demo, const std::string& name, const std::string& bootstrap)
{
    const fs::path file = demo.folder / (name + ".json");
    std::ofstream(file) << config_of(demo, name, bootstrap).dump(2) << "\n";
    return file.string();
}

/// The film with a voice, picture untouched, made by the ffmpeg program.
std::string give_voice(const Demo& demo)
{
    const std::string file = (demo.folder / "alice-film.mkv").string();
    const std::string log = (demo.folder / "ffmpeg.log").string();
    Child ffmpeg("ffmpeg",
                 {"-nostdin", "-y", "-i", demo.film, "-i", kVoice, "-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a",
                  "pcm_s16le", file},
                 log);
    if (const int code = ffmpeg.wait(); code != 0)
        throw Stop(kMedia,
                   fmt::format("ffmpeg could not put a voice to {} (exit code {}); its log: {}", demo.film, code, log));
    return file;
}

/// The first line of a child that is an event with that progress, or any JSON line if `what` is empty.
Json wait_for(Child& child, const std::string& what, const std::string& who, const fs::path& log)
{
    while (const auto line = child.line()) {
        Json json = Json::parse(*line, nullptr, false);
        if (json.is_object() && (what.empty() || json.value("detail", Json::object()).value("what", "") == what))
            return json;
    }
    throw Stop(kInternal, fmt::format("{} ended before it was ready; its log: {}", who, log.string()));
}

/// What the events of one side say, by "step event what".
class Events {
public:
    void add(const std::string& line)
    {
        const Json json = Json::parse(line, nullptr, false);
        if (!json.is_object() || !json.contains("step"))
            return;
        const auto& detail = json["detail"];
        const std::string key = json["step"].get<std::string>() + " " + json["event"].get<std::string>() +
                                (detail.contains("what") ? " " + detail["what"].get<std::string>() : "");
        t_ms_.emplace(key, json["t_ms"].get<double>());
        if (json["step"] == "call" && json["event"] != "start")
            end_ = detail;
    }

    std::optional<double> t_ms(const std::string& key) const
    {
        const auto found = t_ms_.find(key);
        return found == t_ms_.end() ? std::nullopt : std::optional(found->second);
    }

    const Json& end() const { return end_; }

private:
    std::map<std::string, double> t_ms_;
    Json end_ = Json::object();
};

void print_steps(const Events& alice)
{
    const double dialled = alice.t_ms("call start").value_or(0);
    fmt::print("\n  step                        took        after dialling\n");
    for (const char* step : {"discovery", "request", "answer", "connectivity", "secure_channel", "reliable_stream",
                             "signaling", "media_connectivity"}) {
        const auto began = alice.t_ms(std::string(step) + " start");
        const auto done = alice.t_ms(std::string(step) + " done");
        if (began && done)
            fmt::print("  {:<22} {:>8.1f} ms   {:>10.1f} ms\n", step, *done - *began, *done - dialled);
    }
    const auto line = [&](const char* name, const char* key) {
        if (const auto t = alice.t_ms(key))
            fmt::print("  {:<22} {:>11}   {:>10.1f} ms\n", name, "", *t - dialled);
    };
    line("bob's phone rings", "signaling progress ringing");
    line("bob answers", "signaling done");
    line("first sound of bob", "media progress first_audio");
    line("first picture of bob", "media progress first_video");
}

void print_media(const std::string& who, const Events& events, double talk_s)
{
    fmt::print("\n{}\n{}\n", who, statistics_table(events.end().value("statistics", Json::object()).dump(), talk_s));
}

/// Throws Stop with a sentence if the recording is not what was sent.
void check_sound(const std::string& what, const MediaSample& original, const MediaSample& recording, double talk_s)
{
    const auto match = match_sound(original, recording);
    fmt::print("  {:<34} correlation {:.3f}, {:.2f} s recorded, shifted {:+.3f} s\n", what, match.correlation,
               match.length_s, match.shift_s);
    const double expected_s = std::min(talk_s, static_cast<double>(original.sound.size()) / MediaSample::kRateHz);
    if (match.length_s < kLeastShare * expected_s)
        throw Stop(kMedia, fmt::format("{}: only {:.2f} s of {:.2f} s arrived", what, match.length_s, expected_s));
    if (match.correlation < kLeastCorrelation)
        throw Stop(kMedia,
                   fmt::format("{}: what arrived is not what was sent (correlation {:.3f}, at least {} expected)", what,
                               match.correlation, kLeastCorrelation));
}

void check_pictures(const std::string& what, const MediaSample& original, const MediaSample& recording)
{
    const auto match = match_pictures(original, recording);
    fmt::print("  {:<34} PSNR {:.1f} dB over {} pictures, {:.0f} % in order\n", what, match.psnr_db, match.pictures,
               match.in_order * 100);
    if (match.pictures == 0)
        throw Stop(kMedia, what + ": no picture arrived");
    if (match.psnr_db < kLeastPsnrDb || match.in_order < kLeastInOrder)
        throw Stop(kMedia, fmt::format("{}: what arrived is not what was sent (PSNR {:.1f} dB, at least {} expected)",
                                       what, match.psnr_db, kLeastPsnrDb));
}

void run_call(const Demo& demo)
{
    const auto log = [&](const char* name) { return (demo.folder / (std::string(name) + ".log")).string(); };
    fmt::print("a DHT node, then bob and alice, each a process of its own; everything lies in {}\n",
               demo.folder.string());
    Child dht(kSelf, {"dht", "--address", "127.0.0.1", "--port", "0", "--no-limits", "--events", "json"}, log("dht"));
    const std::string bootstrap = wait_for(dht, "", "the DHT node", log("dht")).value("listening", "");
    const std::string bob_config = write_config(demo, "bob", bootstrap);
    const std::string alice_config = write_config(demo, "alice", bootstrap);

    Child bob_id(kSelf, {"id", "--config", bob_config, "--events", "json"}, log("bob"));
    const std::string bob_account = wait_for(bob_id, "", "bob", log("bob")).value("account", "");
    bob_id.wait();
    const std::string bob_file = (demo.folder / "bob-recorded.mkv").string();
    const std::string alice_file = (demo.folder / "alice-recorded.mkv").string();
    Child bob(kSelf,
              {"listen", "--config", bob_config, "--answer", "--once", "--send", demo.speech, "--record", bob_file,
               "--overwrite", "--events", "json"},
              log("bob"));
    wait_for(bob, "announced", "bob", log("bob"));
    fmt::print("alice calls bob, {}\n  over {}, control policy {}\n", bob_account, demo.secure, demo.policy);
    std::fflush(stdout);

    Events bob_events;
    std::thread bob_reader([&] {
        while (const auto line = bob.line())
            bob_events.add(*line);
    });
    Events alice_events;
    Child alice(kSelf,
                {"call", "--config", alice_config, "--send", demo.film, "--record", alice_file, "--overwrite", "--for",
                 fmt::format("{}", demo.talk_s), "--events", "json", bob_account},
                log("alice"));
    while (const auto line = alice.line())
        alice_events.add(*line);
    const int alice_code = alice.wait();
    if (alice_code != kOk)
        bob.interrupt();
    bob_reader.join();
    const int bob_code = bob.wait();
    print_steps(alice_events);
    if (alice_code != kOk || bob_code != kOk)
        throw Stop(kBroken, fmt::format("the call failed: {} (alice's exit code {}, bob's {}); logs: {}, {}",
                                        alice_events.end().value("text", "see the logs"), alice_code, bob_code,
                                        log("alice"), log("bob")));
    print_media("alice", alice_events, demo.talk_s);
    print_media("bob", bob_events, demo.talk_s);

    fmt::print("\nrecordings\n  {}\n  {}\n\nwhat arrived, against what was sent\n", bob_file, alice_file);
    std::fflush(stdout);
    const auto film = read_media(demo.film);
    const auto speech = read_media(demo.speech);
    const auto at_bob = read_media(bob_file);
    const auto at_alice = read_media(alice_file);
    check_sound("alice's sound at bob", film, at_bob, demo.talk_s);
    check_pictures("alice's picture at bob", film, at_bob);
    check_sound("bob's speech at alice", speech, at_alice, demo.talk_s);
    fmt::print("\nthe call worked\n");
}

int run_demo(const Arguments& arguments)
{
    Demo demo;
    demo.folder = arguments.get("folder", (fs::temp_directory_path() / "jackfield-demo").string());
    demo.film = arguments.get("film", kFilm);
    demo.speech = arguments.get("speech", kSpeech);
    demo.secure = arguments.get("secure", "secure-openssl");
    demo.policy = arguments.get("policy", "tcp-preferred");
    if (arguments.has("for"))
        demo.talk_s = static_cast<double>(seconds_option(arguments, "for").count()) / 1000;
    for (const auto& [file, package] : std::map<std::string, std::string>{{demo.film, "python3-imageio"},
                                                                          {demo.speech, "pocketsphinx-testdata"},
                                                                          {kVoice, "pocketsphinx-testdata"}}) {
        if (!fs::exists(file))
            throw Stop(kMedia,
                       fmt::format("{}: no such file; tools/install-deps brings it with the package {}, or name "
                                   "another with --film or --speech",
                                   file, package));
    }
    std::error_code failed;
    fs::create_directories(demo.folder, failed);
    if (failed)
        throw Stop(kConfiguration, fmt::format("{}: cannot be made: {}", demo.folder.string(), failed.message()));
    demo.folder = fs::canonical(demo.folder);
    if (!arguments.has("film"))
        demo.film = give_voice(demo);
    run_call(demo);
    return kOk;
}

} // namespace

Verb demo_verb()
{
    return {{"demo",
             "",
             "Two processes find each other over a DHT on this machine, call, send a film and speech, and record; then "
             "checks that what arrived is what was sent.",
             {{"folder", "DIR",
               "where identities, logs and recordings go (default: jackfield-demo in the temporary folder)"},
              {"for", "SECONDS", "how long they talk (default 6)"},
              {"secure", "PLUGIN", "secure-openssl (default), secure-gnutls, secure-mbedtls or secure-noise"},
              {"policy", "POLICY", "control policy: tcp-preferred (default), race, tcp-only, udp-only"},
              {"film", "FILE", "what alice sends: picture and sound"},
              {"speech", "FILE", "what bob sends: sound"}},
             0,
             0},
            &run_demo};
}

} // namespace jackfield::program
