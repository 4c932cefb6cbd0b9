// A world for scenarios. See world.hpp.

#include "world.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>

namespace scenarios {

namespace {
const std::string kPrograms = JACKFIELD_BINARY_DIR "/bin/";
} // namespace

// --- Process --------------------------------------------------------------------------------------------------------

Process::Process(const std::vector<std::string>& arguments, const std::filesystem::path& log, const std::string& name)
    : log_(log), child_(kPrograms + name, arguments, log.string()), reader_([this] {
          std::ofstream kept(log_.string() + ".events"); // where a folder is left, it says how the call went
          while (const auto line = child_.line()) {
              kept << *line << std::endl;
              const std::lock_guard lock(mutex_);
              events_.push_back(Json::parse(*line, nullptr, false));
              changed_.notify_all();
          }
          const std::lock_guard lock(mutex_);
          ended_ = true;
          changed_.notify_all();
      })
{}

Process::~Process()
{
    child_.kill();
    reader_.join();
}

Json Process::find(const std::function<bool(const Json&)>& wanted, std::chrono::milliseconds limit)
{
    std::unique_lock lock(mutex_);
    std::size_t looked_at = 0;
    const auto deadline = std::chrono::steady_clock::now() + limit;
    for (;;) {
        for (; looked_at < events_.size(); ++looked_at) {
            if (events_[looked_at].is_object() && wanted(events_[looked_at]))
                return events_[looked_at];
        }
        if (ended_ || std::chrono::steady_clock::now() >= deadline)
            return nullptr;
        changed_.wait_until(lock, deadline);
    }
}

bool Process::calls_ended(int count, std::chrono::milliseconds limit)
{
    int ended = 0; // find looks at each event once
    const auto last = find(
        [&](const Json& event) {
            const auto moment = event.value("event", "");
            ended += event.value("step", "") == "call" && (moment == "done" || moment == "failed") ? 1 : 0;
            return ended >= count;
        },
        limit);
    return !last.is_null();
}

Json Process::event(const std::string& step, const std::string& moment, const std::string& what,
                    std::chrono::milliseconds limit)
{
    return find(
        [&](const Json& event) {
            return event.value("step", "") == step && event.value("event", "") == moment &&
                   (what.empty() || event["detail"].value("what", "") == what);
        },
        limit);
}

std::size_t Process::count(const std::string& step, const std::string& moment)
{
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::ranges::count_if(events_, [&](const Json& event) {
        return event.is_object() && event.value("step", "") == step && event.value("event", "") == moment;
    }));
}

Json Process::first_line(std::chrono::milliseconds limit)
{
    return find([](const Json&) { return true; }, limit);
}

Json Process::call_end(std::chrono::milliseconds limit)
{
    const Json event = find(
        [](const Json& one) { return one.value("step", "") == "call" && one.value("event", "") != "start"; }, limit);
    return event.is_null() ? event : event["detail"];
}

std::string Process::listening()
{
    const Json announced = event("discovery", "progress", "announced");
    if (!announced.is_object())
        return {};
    for (const auto& mechanism : announced["detail"]["mechanisms"]) {
        if (mechanism.contains("listening"))
            return mechanism["listening"];
    }
    return {};
}

int Process::exit_code()
{
    {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, 60s, [this] { return ended_; });
        if (!ended_)
            return -1;
    }
    return child_.wait();
}

// --- World ----------------------------------------------------------------------------------------------------------

long resident_kib(int pid)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    (void)pid;
    return 0;
#else
    std::ifstream status("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("VmRSS:"))
            return std::stol(line.substr(6));
    }
    return -1;
#endif
}

World::World(bool with_dht)
{
    std::string pattern = (std::filesystem::temp_directory_path() / "jackfield-scenario-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    if (with_dht)
        start_dht();
}

World::~World()
{
    dht_.reset();
    rendezvous_.reset();
    if (!::testing::Test::HasFailure())
        std::filesystem::remove_all(folder_);
}

void World::stop_dht()
{
    dht_.reset();
}

void World::start_dht(const std::string& port)
{
    need_plugins({"discovery-opendht"}, [this] { std::filesystem::remove_all(folder_); });
    dht_ = std::make_unique<Process>(
        std::vector<std::string>{"dht", "--address", "127.0.0.1", "--port", port, "--no-limits", "--events", "json"},
        folder_ / "dht.log");
    bootstrap_ = dht_->first_line().value("listening", "");
}

std::string World::start_rendezvous(const std::string& port)
{
    rendezvous_ = std::make_unique<Process>(std::vector<std::string>{"--bind", "127.0.0.1", "--port", port, "--store",
                                                                     (folder_ / "rendezvous.sqlite").string(),
                                                                     "--events", "json"},
                                            folder_ / "rendezvous.log", "jackfield-rendezvous");
    const Json first = rendezvous_->first_line();
    rendezvous_url_ = "http://" + (first.is_object() ? first.value("listening", "") : "nobody");
    return rendezvous_url_;
}

std::string World::rendezvous()
{
    return rendezvous_url_.empty() ? start_rendezvous() : rendezvous_url_;
}

void World::stop_rendezvous()
{
    rendezvous_->interrupt();
    EXPECT_EQ(rendezvous_->exit_code(), 0);
    rendezvous_.reset();
}

int World::lan_port()
{
    if (lan_port_ == 0) { // one that is free at this moment
        const int socket = ::socket(AF_INET, SOCK_DGRAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        socklen_t size = sizeof(address);
        ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
        ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
        ::close(socket);
        lan_port_ = ntohs(address.sin_port);
    }
    return lan_port_;
}

std::string World::configure(const std::string& name, const PeerOptions& options)
{
    Json slots;
    slots["identity"] = {{"use", "identity-x509"}, {"config", {{"store", (folder_ / name).string()}}}};
    slots["discovery"] = {{"use", "discovery-opendht"},
                          {"config",
                           {{"listen", "127.0.0.1:0"},
                            {"bootstrap", {options.bootstrap.empty() ? bootstrap_ : options.bootstrap}},
                            {"public_rate_limits", false}}}};
    slots["connectivity"] = {{"use", "ice-libnice"}, {"config", options.connectivity}};
    slots["secure_channel"] = {{"use", options.secure}};
    for (const auto& [slot, plugin] : std::map<std::string, std::string>{{"reliable_stream", "reliable-usrsctp"},
                                                                         {"signaling", "signaling-sip"},
                                                                         {"media_transport", "media-srtp"},
                                                                         {"codec", "codec-ffmpeg"},
                                                                         {"media_source", "media-ffmpeg"},
                                                                         {"media_sink", "media-ffmpeg"}})
        slots[slot] = {{"use", plugin}};
    slots.update(options.slots);
    for (const auto& [slot, plugin] : options.slots.items()) {
        if (plugin.is_null())
            slots.erase(slot);
    }
    write(name,
          {{"jackfield", 1}, {"plugin_path", {JACKFIELD_TEST_PLUGIN_DIR}}, {"slots", slots}, {"call", options.call}});
    return (folder_ / (name + ".json")).string();
}

void World::write(const std::string& name, const Json& config)
{
    std::vector<std::string> plugins;
    for (const Json& slot : config["slots"]) {
        for (const Json& plug : slot.is_array() ? slot : Json::array({slot})) {
            const std::string id = plug["use"];
            const bool elsewhere = std::ranges::any_of(config["plugin_path"], [&](const Json& folder) {
                return std::filesystem::exists(folder.get<std::string>() + "/" + id + ".plugin.json");
            });
            if (!elsewhere)
                plugins.push_back(id);
        }
    }
    need_plugins(plugins, [this] {
        dht_.reset();
        rendezvous_.reset();
        std::filesystem::remove_all(folder_);
    });
    std::ofstream(folder_ / (name + ".json")) << config.dump(2);
}

void World::configure_as_sample(const std::string& name, const std::string& sample)
{
    std::filesystem::copy_file(JACKFIELD_SOURCE_DIR "/samples/configs/" + sample, folder_ / (name + ".json"));
    change(name, [&](Json& config) {
        config["plugin_path"] = {JACKFIELD_TEST_PLUGIN_DIR};
        config["slots"]["identity"]["config"]["store"] = (folder_ / name).string();
        config["slots"]["connectivity"]["config"]["addresses"] = {"127.0.0.1"};
        auto& discovery = config["slots"]["discovery"][0];
        if (discovery["use"] == "discovery-opendht")
            discovery["config"] = {
                {"listen", "127.0.0.1:0"}, {"bootstrap", {bootstrap_}}, {"public_rate_limits", false}};
        else if (discovery["use"] == "discovery-rendezvous")
            discovery["config"] = {{"servers", {rendezvous()}}};
        else if (discovery["use"] == "discovery-lan")
            discovery["config"] = {{"addresses", {"127.0.0.1"}}, {"port", lan_port()}};
        else
            discovery["config"] = {{"listen", "127.0.0.1:0"}, {"peers", Json::array()}};
    });
}

void World::change(const std::string& name, const std::function<void(Json& config)>& change)
{
    const auto file = folder_ / (name + ".json");
    Json config = Json::parse(std::ifstream(file), nullptr, true, /*ignore_comments=*/true);
    change(config);
    write(name, config);
}

void World::introduce(const std::string& name, const std::string& account, const std::string& address)
{
    change(name, [&](Json& config) {
        if (auto& discovery = config["slots"]["discovery"][0]; discovery["use"] == "discovery-static")
            discovery["config"]["peers"] = {{{"account", account}, {"address", address}}};
    });
}

std::string World::account(const std::string& name)
{
    Process id({"id", "--config", (folder_ / (name + ".json")).string(), "--events", "json"},
               folder_ / (name + "-id.log"));
    const Json ids = id.first_line();
    EXPECT_EQ(id.exit_code(), 0);
    return ids.is_object() ? ids.value("account", "") : "";
}

std::unique_ptr<Process> World::listen(const std::string& name, std::vector<std::string> more)
{
    std::vector<std::string> words{"listen", "--config", (folder_ / (name + ".json")).string(), "--events", "json"};
    words.insert(words.end(), more.begin(), more.end());
    auto process = std::make_unique<Process>(words, folder_ / (name + "-listen" + std::to_string(++logs_) + ".log"));
    EXPECT_FALSE(process->event("discovery", "progress", "announced").is_null()) << name << " was not announced";
    return process;
}

std::unique_ptr<Process> World::call(const std::string& name, const std::string& account, std::vector<std::string> more)
{
    std::vector<std::string> words{"call", "--config", (folder_ / (name + ".json")).string(), "--events", "json"};
    words.insert(words.end(), more.begin(), more.end());
    words.push_back(account);
    return std::make_unique<Process>(words, folder_ / (name + "-call" + std::to_string(++logs_) + ".log"));
}

} // namespace scenarios
