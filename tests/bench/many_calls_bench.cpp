// Many calls: how many are answered in a second of processor time, what a further encrypted call takes, 200 at once,
// and whether an hour of calls leaves anything behind. All ends are nodes of one process, on loopback; a DHT node in
// another. Prints what it saw; asserts nothing.
//
//   many_calls_bench [CALLS-AT-ONCE [MINUTES]]      200 and none unless told
//
// links: scenario_world jackfield_kernel
// plugins: jackfield identity-x509 discovery-opendht ice-libnice secure-openssl reliable-usrsctp
// plugins: signaling-sip media-srtp codec-g711 media-test media-null

#include "kernel/node/node.hpp"
#include "tests/scenarios/world.hpp"

#include <fmt/format.h>

#include <sys/resource.h>

#include <fstream>
#include <set>

namespace {

using namespace jackfield::kernel;
using scenarios::Json;
using scenarios::World;
using Clock = std::chrono::steady_clock;

constexpr int kCallsPerCaller = 50;
constexpr int kSequence = 1000;

double processor_seconds()
{
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// What the process holds now.
struct Holds {
    double mib = 0;
    long descriptors = 0;
    long threads = 0;
};

Holds holds()
{
    const auto count = [](const char* folder) {
        return std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator());
    };
    Holds now;
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("VmRSS:"))
            now.mib = std::stod(line.substr(6)) / 1024;
    }
    now.descriptors = count("/proc/self/fd");
    now.threads = count("/proc/self/task");
    return now;
}

/// Counts what happens to the calls of a node; answers those that come in.
class Ear final : public NodeListener, public CallListener, public std::enable_shared_from_this<Ear> {
public:
    IncomingPlan incoming(const IncomingCall&) override { return {plan, shared_from_this(), std::nullopt}; }
    void ringing(Call& call) override
    {
        if (call.side == Side::callee)
            call.answer();
    }
    void answered(Call&) override
    {
        note([&] { ++answered_; });
    }
    void ended(Call&, const CallEnd& end) override
    {
        note([&] {
            ++ended_;
            if (!end.answered && ++failed_ == 1)
                fmt::print("the first call that failed: {}\n", end.error.text);
        });
    }
    void timeline(const TimelineEvent& event) override
    {
        if (event.step == Step::media && event.detail_json.find(R"("first_audio")") != std::string::npos)
            note([&] { ++heard_; });
        else if (event.step == Step::media && event.detail_json.find(R"("statistics")") != std::string::npos)
            note([&] { ++counted_; });
    }

    bool wait_answered(int count)
    {
        return wait([&] { return answered_ + failed_ >= count; }) && failed_ == 0;
    }
    bool wait_heard(int count)
    {
        return wait([&] { return heard_ >= count; });
    }
    /// Each call counts once a second.
    bool wait_counted(int more)
    {
        int from = 0;
        note([&] { from = counted_; });
        return wait([&] { return counted_ >= from + more; });
    }
    bool wait_ended(int count)
    {
        return wait([&] { return ended_ >= count; });
    }
    int failed() const { return failed_; }
    int ended()
    {
        int count = 0;
        note([&] { count = ended_; });
        return count;
    }

    MediaPlan plan{"", "null", true, false};

private:
    void note(const std::function<void()>& what)
    {
        const std::lock_guard lock(mutex_);
        what();
        changed_.notify_all();
    }
    bool wait(const std::function<bool()>& done)
    {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, std::chrono::seconds(60), done);
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    int answered_ = 0;
    int ended_ = 0;
    int failed_ = 0;
    int heard_ = 0;
    int counted_ = 0;
};

/// Nodes in this process. Bob is the one that is called.
class Exchange {
public:
    Exchange() { bob_account_ = add("bob"); }
    ~Exchange()
    {
        for (auto& node : nodes_)
            node->stop();
    }

    /// Another node. Returns its account.
    std::string add(const std::string& name)
    {
        const Json slots{{"signaling", {{"use", "signaling-sip"}, {"config", {{"max_calls", 64}}}}},
                         {"codec", {{{"use", "codec-g711"}}}}, // what counts is the call, not its encoder
                         {"media_source", {{{"use", "media-test"}}}},
                         {"media_sink", {{{"use", "media-null"}}}}};
        ears_.push_back(std::make_shared<Ear>());
        auto node = Node::create(*load_config(world_.configure(name, {.slots = slots})), ears_.back());
        if (!node)
            throw std::runtime_error(node.error().text);
        nodes_.push_back(std::move(*node));
        return nodes_.back()->start()->account_id;
    }

    std::shared_ptr<Call> call(std::size_t from, const std::string& send)
    {
        return nodes_[from]->call(bob_account_, {send, "null", true, false}, ears_[from]);
    }
    void hang_up(std::size_t from, const std::shared_ptr<Call>& call) { nodes_[from]->hang_up(call); }
    Ear& ear(std::size_t node) { return *ears_[node]; }

private:
    World world_;
    std::string bob_account_;
    std::vector<std::shared_ptr<Ear>> ears_;
    std::vector<std::unique_ptr<Node>> nodes_;
};

/// One after the other over the kept link: set up with an audio line, answered, hung up. No sound is sent.
void sequence(Exchange& exchange)
{
    const auto began = Clock::now();
    const double before = processor_seconds();
    for (int call = 1; call <= kSequence; ++call) {
        const auto placed = exchange.call(1, "");
        if (!exchange.ear(1).wait_answered(call))
            break;
        exchange.hang_up(1, placed);
        exchange.ear(1).wait_ended(call);
    }
    exchange.ear(0).wait_ended(kSequence);
    const double seconds = std::chrono::duration<double>(Clock::now() - began).count();
    const double busy = processor_seconds() - before;
    fmt::print("| calls a second, one after the other | {:.0f} |\n", kSequence / seconds);
    fmt::print("| calls in a second of processor time, both ends | {:.0f} |\n", kSequence / busy);
    fmt::print("| processor time of one call, both ends, ms | {:.2f} |\n", 1e3 * busy / kSequence);
    fmt::print("| of {} calls failed | {} |\n", kSequence, exchange.ear(1).failed());
}

/// So many encrypted calls with sound both ways at once.
void at_once(Exchange& exchange, int calls)
{
    exchange.ear(0).plan.send = "test";
    for (int call = 0; call < calls; call += kCallsPerCaller)
        exchange.add("caller-" + std::to_string(call));
    std::size_t callers = 1;
    std::vector<std::pair<std::size_t, std::shared_ptr<Call>>> running;
    const Holds before = holds();
    int placed_there = 0;
    for (int call = 0; call < calls; ++call) {
        if (call % kCallsPerCaller == 0) {
            ++callers;
            placed_there = 0;
        }
        running.emplace_back(callers, exchange.call(callers, "test"));
        if (!exchange.ear(callers).wait_answered(++placed_there))
            break;
    }
    for (std::size_t caller = 2; caller <= callers; ++caller)
        exchange.ear(caller).wait_heard(caller < callers ? kCallsPerCaller : placed_there);
    const Holds during = holds();
    const double busy = processor_seconds();
    const auto began = Clock::now();
    exchange.ear(0).wait_counted(5 * calls);
    const double share = (processor_seconds() - busy) / std::chrono::duration<double>(Clock::now() - began).count();
    const auto ends = 2.0 * static_cast<double>(running.size());
    fmt::print("| calls with sound both ways at once, all in this process | {} |\n", running.size());
    fmt::print("| of them ended before they were hung up | {} |\n", exchange.ear(0).ended() - kSequence);
    fmt::print("| memory of one end of a call, KiB | {:.0f} |\n", 1024 * (during.mib - before.mib) / ends);
    fmt::print("| descriptors, threads of one end of a call | {:.1f}, {:.1f} |\n",
               static_cast<double>(during.descriptors - before.descriptors) / ends,
               static_cast<double>(during.threads - before.threads) / ends);
    fmt::print("| processors that they keep busy | {:.2f} |\n", share);
    for (const auto& [caller, call] : running)
        exchange.hang_up(caller, call);
    for (std::size_t caller = 2; caller <= callers; ++caller)
        exchange.ear(caller).wait_ended(caller < callers ? kCallsPerCaller : placed_there);
    exchange.ear(0).wait_ended(kSequence + calls);
    const Holds after = holds();
    fmt::print("| afterwards: MiB, descriptors, threads (before them {:.0f}, {}, {}) | {:.0f}, {}, {} |\n", before.mib,
               before.descriptors, before.threads, after.mib, after.descriptors, after.threads);
}

/// Call and hang up, with sound, again and again; a row a minute.
void for_long(Exchange& exchange, int minutes)
{
    int calls = kSequence;
    for (int minute = 1; minute <= minutes; ++minute) {
        const auto until = Clock::now() + std::chrono::minutes(1);
        while (Clock::now() < until) {
            const auto placed = exchange.call(1, "test");
            if (!exchange.ear(1).wait_answered(++calls))
                return;
            exchange.hang_up(1, placed);
            exchange.ear(1).wait_ended(calls);
        }
        const Holds now = holds();
        fmt::print("| minute {}: {} calls, MiB, descriptors, threads | {:.1f}, {}, {} |\n", minute, calls - kSequence,
                   now.mib, now.descriptors, now.threads);
        std::fflush(stdout);
    }
}

} // namespace

int main(int argc, char** argv)
{
    const int calls = argc > 1 ? std::atoi(argv[1]) : 200;
    const int minutes = argc > 2 ? std::atoi(argv[2]) : 0;
    std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ); // each row when it is known
    Exchange exchange;
    exchange.add("alice");
    fmt::print("| | |\n| --- | --- |\n");
    sequence(exchange);
    at_once(exchange, calls);
    for_long(exchange, minutes);
}
