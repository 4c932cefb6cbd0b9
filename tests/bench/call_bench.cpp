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
#include <fstream>
#include <future>
#include <map>
#include <set>
#include <sys/utsname.h>
#include <unistd.h>

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
    bool has(const std::string& key)
    {
        const std::lock_guard lock(mutex_);
        return at_ns_.contains(key);
    }
    /// Every step so far with its time, and how the call ended if it has.
    std::string what_happened()
    {
        const std::lock_guard lock(mutex_);
        std::vector<std::pair<std::int64_t, std::string>> steps;
        for (const auto& [step, at_ns] : at_ns_)
            steps.emplace_back(at_ns, step);
        std::sort(steps.begin(), steps.end());
        std::string text;
        for (const auto& [at_ns, step] : steps)
            text += fmt::format("{} {:.1f} ms, ", step, static_cast<double>(at_ns - steps.front().first) / 1e6);
        return text + (ended_ ? ended_->error.text : "no end yet");
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

void print_machine()
{
    std::string processor = "unknown processor";
    std::ifstream info("/proc/cpuinfo");
    for (std::string line; std::getline(info, line);) {
        if (line.starts_with("model name"))
            processor = line.substr(line.find(':') + 2);
    }
    std::ifstream load("/proc/loadavg");
    double load_of_last_minute = 0;
    load >> load_of_last_minute;
    utsname system{};
    uname(&system);
    fmt::print("{} of {}, {} {}, load {} before we began\n", sysconf(_SC_NPROCESSORS_ONLN), processor, system.sysname,
               system.release, load_of_last_minute);
}

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

/// Resident memory, what of it is the process's own, what is pages of files, which it shares or could give back, and
/// its share of all if what n processes have in common counts as an n-th for each (PSS).
void print_resident(int pid)
{
    const std::filesystem::path process = "/proc/" + std::to_string(pid);
    const auto mib = [&](const char* file, const char* word) { return number_after(process / file, word) / 1024; };
    std::set<std::string> libraries;
    std::ifstream maps(process / "maps");
    for (std::string line; std::getline(maps, line);) {
        if (const auto at = line.find('/'); at != std::string::npos && line.find(".so", at) != std::string::npos)
            libraries.insert(line.substr(at));
    }
    fmt::print(
        "listening process: {:.1f} MiB resident, of it {:.1f} MiB its own and {:.1f} MiB pages of the program and "
        "its {} libraries; {:.1f} MiB PSS\n",
        mib("status", "VmRSS:"), mib("status", "RssAnon:"), mib("status", "RssFile:"), libraries.size(),
        mib("smaps_rollup", "Pss:"));
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

/// What a step took on the caller's side. The media paths are negotiated while it rings, beside the rest.
const std::vector<std::string> kSteps{
    "discovery", "request", "answer", "connectivity", "secure_channel", "reliable_stream", "media_connectivity"};

/// Calls to one listening peer over one stack.
class Calls {
public:
    Calls(std::string title, const PeerOptions& options) : title_(std::move(title))
    {
        world_.configure("bob", options);
        alice_file_ = world_.configure("alice", options);
        bob_ = world_.account("bob");
        listening_ = world_.listen("bob", {"--answer", "--send", "test"});
    }

    void measure(int pairs)
    {
        fmt::print("\n{}\n", title_);
        print_resident(listening_->pid());
        int failed = 0;
        for (int i = 0; i < pairs; ++i)
            failed += failures_of_a_fresh_caller();
        table_.print(rows(), "ms");
        fmt::print("calls that failed: {} of {}\n", failed, 2 * pairs);
    }

private:
    /// A node that has just joined calls twice: cold, and over the link that is kept.
    int failures_of_a_fresh_caller()
    {
        const auto watch = std::make_shared<Stopwatch>();
        auto node = Node::create(*load_config(alice_file_), watch);
        if (!node || !(*node)->start())
            return 2;
        watch->wait_for("discovery progress announced"); // the node is up; the call itself is cold
        const bool cold = one_call(**node, *watch, "cold");
        const bool warm = one_call(**node, *watch, "warm");
        return (cold ? 0 : 1) + (warm ? 0 : 1);
    }

    /// One call, answered at once, hung up when the first sound has been decoded.
    bool one_call(Node& node, Stopwatch& watch, const std::string& kind)
    {
        watch.forget();
        const auto listener = std::shared_ptr<CallListener>(std::shared_ptr<void>(), &watch);
        const auto call = node.call(bob_, {"", "null"}, listener);
        const bool heard = watch.wait_for("media progress first_audio");
        if (heard)
            note(watch, kind);
        else
            fmt::print("a {} call failed: {}\n", kind, watch.what_happened());
        node.hang_up(call);
        watch.wait_for_end();
        listening_->calls_ended(++calls_, std::chrono::seconds(2)); // until then it is busy
        return heard;
    }

    void note(Stopwatch& watch, const std::string& kind)
    {
        table_.add(kind + ": dialling to ringing", watch.ms_between("call start", "signaling progress ringing"));
        table_.add(kind + ": ringing to accepted", watch.ms_between("signaling progress ringing", "signaling done"));
        table_.add(kind + ": accepted to first decoded audio",
                   watch.ms_between("signaling done", "media progress first_audio"));
        for (const auto& step : kSteps) {
            if (watch.has(step + " start") && watch.has(step + " done") && (kind == "cold" || step == kSteps.back()))
                table_.add(kind + ": of it " + step, watch.ms_between(step + " start", step + " done"));
        }
    }

    static std::vector<std::string> rows()
    {
        std::vector<std::string> rows;
        for (const std::string kind : {"cold", "warm"}) {
            rows.push_back(kind + ": dialling to ringing");
            for (const auto& step : kSteps)
                rows.push_back(kind + ": of it " + step);
            rows.push_back(kind + ": ringing to accepted");
            rows.push_back(kind + ": accepted to first decoded audio");
        }
        return rows;
    }

    std::string title_;
    World world_;
    std::string alice_file_;
    std::string bob_;
    std::unique_ptr<scenarios::Process> listening_;
    Table table_;
    int calls_ = 0;
};

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
    const int pairs = argc > 1 ? std::stoi(argv[1]) : 20;
    print_machine();
    Calls("TCP, TLS 1.3", {}).measure(pairs);
    Calls("UDP only, DTLS 1.2, SCTP", {.call = {{"control_policy", "udp-only"}}}).measure(pairs);
    measure_audio_cpu();
}
