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

/// Resident memory that is its own or shared, in MiB.
double resident_mib(int pid)
{
    std::ifstream status("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("VmRSS:"))
            return std::stod(line.substr(6)) / 1024;
    }
    return 0;
}

/// Processor time so far, in seconds.
double cpu_s(int pid)
{
    std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
    std::string text{std::istreambuf_iterator<char>(stat), {}};
    std::istringstream rest(text.substr(text.rfind(')') + 2));
    std::vector<std::string> fields;
    for (std::string field; rest >> field;)
        fields.push_back(field);
    return fields.size() > 12
               ? (std::stod(fields[11]) + std::stod(fields[12])) / static_cast<double>(sysconf(_SC_CLK_TCK))
               : 0;
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
    fmt::print("resident memory of a listening process: {:.1f} MiB\n\n", resident_mib(listening->pid()));
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
    const double before = cpu_s(alice->pid());
    const auto began = std::chrono::steady_clock::now();
    alice->call_end(std::chrono::seconds(8)); // nothing ends: eight seconds of talk
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    fmt::print(
        "processor of an audio call, one end, Opus 48 kHz both ways, test tone: {:.2f} % of a core over {:.1f} s\n",
        (cpu_s(alice->pid()) - before) * 100 / seconds, seconds);
}

} // namespace

int main(int argc, char** argv)
{
    const int calls = argc > 1 ? std::stoi(argv[1]) : 20;
    measure_calls(calls);
    measure_audio_cpu();
}
