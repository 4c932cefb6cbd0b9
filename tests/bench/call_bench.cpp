// How long the steps of a call take between two processes on loopback, a DHT node in a third: cold, and again over the
// kept link; what a listening process weighs, and what an audio call costs. Prints what it saw; asserts nothing.
//
//   call_bench [CALLS]      20 unless told
//
// links: scenario_world jackfield_kernel

#include "kernel/node/node.hpp"
#include "tests/scenarios/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <future>
#include <map>
#include <set>

namespace {

using namespace jackfield::kernel;
using scenarios::PeerOptions;
using scenarios::World;

/// Remembers when each event of a call came first, in host time.
class Stopwatch final : public NodeListener, public CallListener {
public:
    void timeline(const TimelineEvent& event) override
    {
        std::string key(name_of(event.step));
        key += " " + std::string(name_of(event.moment));
        if (event.moment == Moment::progress)
            key += " " + scenarios::Json::parse(event.detail_json).value("what", "");
        const std::lock_guard lock(mutex_);
        at_ns_.emplace(key, event.t_ns);
        changed_.notify_all();
    }
    void ended(Call&, const CallEnd& end) override
    {
        const std::lock_guard lock(mutex_);
        ended_ = end;
        changed_.notify_all();
    }

    /// False if it does not come within ten seconds.
    bool wait_for(const std::string& key)
    {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return at_ns_.contains(key) || ended_; }) &&
               at_ns_.contains(key);
    }
    void wait_for_end()
    {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, std::chrono::seconds(20), [&] { return ended_.has_value(); });
    }
    void forget()
    {
        const std::lock_guard lock(mutex_);
        at_ns_.clear();
        ended_.reset();
    }
    double ms_between(const std::string& from, const std::string& to)
    {
        const std::lock_guard lock(mutex_);
        return static_cast<double>(at_ns_.at(to) - at_ns_.at(from)) / 1e6;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<std::string, std::int64_t> at_ns_;
    std::optional<CallEnd> ended_;
};

class Table {
public:
    void add(const std::string& row, double value) { rows_[row].push_back(value); }

    void print(const std::vector<std::string>& order, const char* unit)
    {
        fmt::print("{:<44} {:>5} {:>9} {:>9} {:>9} {:>9}   {}\n", "", "runs", "min", "median", "p90", "max", unit);
        for (const auto& row : order) {
            auto values = rows_[row];
            if (values.empty())
                continue;
            std::sort(values.begin(), values.end());
            const auto at = [&](double share) {
                return values[std::min(values.size() - 1,
                                       static_cast<std::size_t>(share * static_cast<double>(values.size())))];
            };
            fmt::print("{:<44} {:>5} {:>9.2f} {:>9.2f} {:>9.2f} {:>9.2f}\n", row, values.size(), values.front(),
                       at(0.5), at(0.9), values.back());
        }
    }

private:
    std::map<std::string, std::vector<double>> rows_;
};

/// A number that stands after a word in a file of /proc; 0 if it does not.
double number_after(const std::filesystem::path& file, const std::string& word)
{
    std::ifstream status(file);
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with(word))
            return std::stod(line.substr(word.size()));
    }
    return 0;
}

/// Resident memory, what of it is the process's own, and what is pages of files, which it shares or could give back.
void print_resident(int pid)
{
    const std::filesystem::path status = "/proc/" + std::to_string(pid) + "/status";
    std::set<std::string> libraries;
    std::ifstream maps("/proc/" + std::to_string(pid) + "/maps");
    for (std::string line; std::getline(maps, line);) {
        if (const auto at = line.find('/'); at != std::string::npos && line.find(".so", at) != std::string::npos)
            libraries.insert(line.substr(at));
    }
    fmt::print(
        "resident memory of a listening process: {:.1f} MiB, of it {:.1f} MiB its own and {:.1f} MiB pages of the "
        "program and its {} libraries\n\n",
        number_after(status, "VmRSS:") / 1024, number_after(status, "RssAnon:") / 1024,
        number_after(status, "RssFile:") / 1024, libraries.size());
}

/// What a thread has used so far.
struct ThreadUse {
    std::string name;
    double cpu_ms = 0;
    double sleeps = 0;
};

std::map<std::string, ThreadUse> use_of_threads(int pid)
{
    std::map<std::string, ThreadUse> threads;
    for (const auto& task : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
        ThreadUse use;
        std::getline(std::ifstream(task.path() / "comm"), use.name);
        double cpu_ns = 0;
        std::ifstream(task.path() / "schedstat") >> cpu_ns;
        use.cpu_ms = cpu_ns / 1e6;
        use.sleeps = number_after(task.path() / "status", "voluntary_ctxt_switches:");
        threads[task.path().filename()] = use;
    }
    return threads;
}

/// One call, answered at once, hung up when the first sound has been decoded.
bool one_call(Node& node, Stopwatch& watch, const std::string& bob, Table& table, const std::string& kind)
{
    watch.forget();
    const auto listener = std::shared_ptr<CallListener>(std::shared_ptr<void>(), &watch);
    const auto call = node.call(bob, {"", "null"}, listener);
    const bool heard = watch.wait_for("media progress first_audio");
    if (heard) {
        table.add(kind + ": dialling to ringing", watch.ms_between("call start", "signaling progress ringing"));
        table.add(kind + ": ringing to accepted", watch.ms_between("signaling progress ringing", "signaling done"));
        table.add(kind + ": accepted to first decoded audio",
                  watch.ms_between("signaling done", "media progress first_audio"));
        for (const char* step : {"discovery", "request", "answer", "connectivity", "secure_channel"}) {
            if (kind == "cold")
                table.add(std::string("  of it ") + step,
                          watch.ms_between(std::string(step) + " start", std::string(step) + " done"));
        }
    }
    node.hang_up(call);
    watch.wait_for_end();
    return heard;
}

void measure_calls(int calls)
{
    World world;
    world.configure("bob");
    const std::string alice_file = world.configure("alice");
    const std::string bob = world.account("bob");
    const auto listening = world.listen("bob", {"--answer", "--send", "test"});
    print_resident(listening->pid());
    Table table;
    int failed = 0;
    for (int i = 0; i < calls; ++i) {
        const auto watch = std::make_shared<Stopwatch>();
        auto node = Node::create(*load_config(alice_file), watch);
        if (!node || !(*node)->start()) {
            ++failed;
            continue;
        }
        watch->wait_for("discovery progress announced"); // the node is up; the call itself is cold
        failed += one_call(**node, *watch, bob, table, "cold") ? 0 : 1;
        failed += one_call(**node, *watch, bob, table, "warm") ? 0 : 1;
    }
    table.print({"cold: dialling to ringing", "  of it discovery", "  of it request", "  of it answer",
                 "  of it connectivity", "  of it secure_channel", "cold: ringing to accepted",
                 "cold: accepted to first decoded audio", "warm: dialling to ringing", "warm: ringing to accepted",
                 "warm: accepted to first decoded audio"},
                "ms");
    fmt::print("calls that failed: {} of {}\n\n", failed, 2 * calls);
}

void measure_audio_cpu()
{
    World world;
    world.configure("bob");
    world.configure("alice");
    const std::string bob = world.account("bob");
    const auto listening = world.listen("bob", {"--answer", "--send", "test"});
    const auto alice = world.call("alice", bob, {"--audio-only", "--send", "test", "--for", "12"});
    if (alice->event("media", "progress", "first_audio").is_null())
        return;
    const auto before = use_of_threads(alice->pid());
    const auto began = std::chrono::steady_clock::now();
    alice->call_end(std::chrono::seconds(8)); // nothing ends: eight seconds of talk
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    fmt::print("processor of an audio call, one end, Opus 48 kHz both ways, test tone, over {:.1f} s\n", seconds);
    double all_ms = 0;
    for (const auto& [id, after] : use_of_threads(alice->pid())) {
        if (!before.contains(id))
            continue;
        const double cpu_ms = after.cpu_ms - before.at(id).cpu_ms;
        all_ms += cpu_ms;
        if (cpu_ms / seconds >= 0.1)
            fmt::print("  {:<16} {:>6.2f} % of a core, woken {:>6.1f} times a second\n", after.name,
                       cpu_ms / seconds / 10, (after.sleeps - before.at(id).sleeps) / seconds);
    }
    fmt::print("  {:<16} {:>6.2f} % of a core\n", "all", all_ms / seconds / 10);
}

} // namespace

int main(int argc, char** argv)
{
    const int calls = argc > 1 ? std::stoi(argv[1]) : 20;
    measure_calls(calls);
    measure_audio_cpu();
}
