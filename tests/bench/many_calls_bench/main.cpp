// Many calls: how many are answered in a second of processor time, what a further encrypted call takes, 200 at once,
// and whether an hour of calls leaves anything behind. All ends are nodes of one process, on loopback; a DHT node in
// another. Prints what it saw; asserts nothing but that it comes to its end.
//
//   many_calls_bench [--sequence CALLS] [--at-once CALLS] [--per-caller CALLS] [--minutes MINUTES] [--per-second CALLS]
//                    [--static 1] [--bare 1] [--opus 1]
//
// Unless told: 1000 one after the other, then 200 at once, 50 of each caller. With --minutes nothing but that: a call
// with sound and its end, again and again, at most so many in a second if told, and what the process held in the first
// and in the last tenth of the time.
// With --static 1 each end knows where the other is (discovery-static), so that what a DHT holds is not among it.
// With --bare 1 nothing is encrypted and no paths are negotiated (ice-direct, secure-none, media-plain), so that what
// is left is finding, signaling and our own. With --opus 1 the sound is Opus (codec-opus) instead of G.711. Both ends
// of 200 calls need about one processor; with less, calls end early, and their reasons are printed.
//
// links: scenario_world jackfield_kernel
// plugins: jackfield identity-x509 discovery-opendht discovery-static ice-libnice ice-direct secure-openssl secure-none
// plugins: reliable-usrsctp signaling-sip media-srtp media-plain codec-g711 codec-opus media-test media-null

#include "tests/bench/many_calls_bench/exchange.hpp"

#include <fmt/format.h>

namespace {

using namespace jackfield::bench;

void print_reasons(Exchange& exchange, std::size_t nodes)
{
    for (std::size_t node = 0; node < nodes; ++node) {
        for (const auto& [reason, count] : exchange.ear(node).reasons())
            fmt::print("| {} of {} ended so: {} | |\n", count, node == 0 ? "bob's" : "a caller's", reason);
    }
}

/// One after the other over the kept link: set up with an audio line, answered, hung up. No sound is sent.
void sequence(Exchange& exchange, int calls)
{
    const auto began = Clock::now();
    const double before = processor_seconds();
    const double bob_before = processor_seconds(exchange.bobs_threads());
    for (int call = 1; call <= calls; ++call) {
        const auto placed = exchange.call(1, "");
        if (!exchange.ear(1).wait_answered(call))
            break;
        exchange.hang_up(1, placed);
        exchange.ear(1).wait_ended();
    }
    exchange.ear(0).wait_ended();
    const double seconds = std::chrono::duration<double>(Clock::now() - began).count();
    const double busy = processor_seconds() - before;
    const double bob_busy = processor_seconds(exchange.bobs_threads()) - bob_before;
    fmt::print("| calls a second, one after the other | {:.0f} |\n", calls / seconds);
    fmt::print("| calls in a second of processor time, both ends | {:.0f} |\n", calls / busy);
    fmt::print("| processor time of one call, both ends, ms | {:.2f} |\n", 1e3 * busy / calls);
    fmt::print("| calls answered in a second of processor time of the one that is called | {:.0f} |\n",
               calls / bob_busy);
    fmt::print("| of {} calls failed | {} |\n", calls, exchange.ear(1).failed());
}

/// Places them one by one; the first that does not get through is the last. How many callers there are then.
std::size_t place(Exchange& exchange, const Plan& plan,
                  std::vector<std::pair<std::size_t, std::shared_ptr<Call>>>& running)
{
    std::size_t callers = 1;
    for (int call = 0; call < plan.at_once; ++call) {
        if (call % plan.per_caller == 0)
            ++callers;
        running.emplace_back(callers, exchange.call(callers, "test"));
        if (!exchange.ear(callers).wait_answered(call % plan.per_caller + 1)) {
            fmt::print("| number {} did not get through; no more are placed | |\n", call + 1);
            break;
        }
    }
    return callers;
}

/// So many encrypted calls with sound both ways at once.
void at_once(Exchange& exchange, const Plan& plan)
{
    exchange.ear(0).plan.send = "test";
    for (int call = 0; call < plan.at_once; call += plan.per_caller)
        exchange.add("caller-" + std::to_string(call));
    const int earlier = exchange.ear(0).ended();
    std::vector<std::pair<std::size_t, std::shared_ptr<Call>>> running;
    const Holds before = holds();
    const std::size_t callers = place(exchange, plan, running);
    for (std::size_t caller = 2; caller <= callers; ++caller)
        exchange.ear(caller).wait_heard();
    const Holds during = holds();
    const double busy = processor_seconds();
    const auto began = Clock::now();
    exchange.ear(0).wait_counted(5 * static_cast<int>(running.size()));
    const double share = (processor_seconds() - busy) / std::chrono::duration<double>(Clock::now() - began).count();
    const auto ends = 2.0 * static_cast<double>(running.size());
    fmt::print("| calls with sound both ways at once, all in this process | {} |\n", running.size());
    fmt::print("| of them ended before they were hung up | {} |\n", exchange.ear(0).ended() - earlier);
    print_reasons(exchange, callers + 1);
    fmt::print("| memory of one end of a call, KiB | {:.0f} |\n", 1024 * (during.mib - before.mib) / ends);
    fmt::print("| descriptors, threads of one end of a call | {:.1f}, {:.1f} |\n",
               static_cast<double>(during.descriptors - before.descriptors) / ends,
               static_cast<double>(during.threads - before.threads) / ends);
    fmt::print("| processors that they keep busy | {:.2f} |\n", share);
    for (const auto& [caller, call] : running)
        exchange.hang_up(caller, call);
    for (std::size_t node = 0; node <= callers; ++node)
        exchange.ear(node).wait_ended();
    const Holds after = holds();
    fmt::print("| afterwards: MiB, descriptors, threads (before them {:.0f}, {}, {}) | {:.0f}, {}, {} |\n", before.mib,
               before.descriptors, before.threads, after.mib, after.descriptors, after.threads);
}

/// Call and hang up, with sound, again and again.
void for_long(Exchange& exchange, const Plan& plan)
{
    exchange.ear(0).plan.send = "test";
    const auto began = Clock::now();
    const auto until = began + std::chrono::minutes(plan.minutes);
    std::vector<Holds> held; // after each call
    while (Clock::now() < until) {
        const auto placed = exchange.call(1, "test");
        if (!exchange.ear(1).wait_answered(static_cast<int>(held.size()) + 1)) {
            fmt::print("| call {} did not get through | |\n", held.size() + 1);
            break;
        }
        exchange.hang_up(1, placed);
        exchange.ear(1).wait_ended();
        exchange.ear(0).wait_ended();
        held.push_back(holds());
        if (plan.per_second > 0)
            exchange.ear(1).rest_until(began + std::chrono::nanoseconds(1'000'000'000 / plan.per_second) * held.size());
    }
    print_reasons(exchange, 2);
    const auto tenth = static_cast<std::ptrdiff_t>(held.size()) / 10;
    fmt::print("| calls with sound, one after the other, in {} minutes | {} |\n", plan.minutes, held.size());
    if (tenth == 0)
        return;
    const Holds first = mean(held.cbegin(), held.cbegin() + tenth);
    const Holds last = mean(held.cend() - tenth, held.cend());
    for (const auto& [words, held_then] :
         {std::pair("mean of the first tenth", first), std::pair("of the last tenth", last)})
        fmt::print("| MiB, of them allocated, descriptors, threads after a call, {} | {:.1f}, {:.1f}, {}, {} |\n",
                   words, held_then.mib, held_then.allocated_mib, held_then.descriptors, held_then.threads);
}

/// Throws std::runtime_error with what would work.
Plan read_plan(int argc, char** argv)
{
    Plan plan;
    const std::map<std::string, int*> options{{"--sequence", &plan.sequence},
                                              {"--at-once", &plan.at_once},
                                              {"--per-caller", &plan.per_caller},
                                              {"--minutes", &plan.minutes},
                                              {"--per-second", &plan.per_second},
                                              {"--static", &plan.without_dht},
                                              {"--bare", &plan.bare},
                                              {"--opus", &plan.opus}};
    for (int i = 1; i < argc; i += 2) {
        const auto option = options.find(argv[i]);
        const int value = i + 1 < argc ? std::atoi(argv[i + 1]) : 0;
        if (option == options.end() || value < 1)
            throw std::runtime_error(std::string(argv[i]) + ": --sequence, --at-once, --per-caller, --minutes, "
                                                            "--per-second, --static, --bare and --opus take a number "
                                                            "from 1");
        *option->second = value;
    }
    return plan;
}

} // namespace

int main(int argc, char** argv)
try {
    const Plan plan = read_plan(argc, argv);
    std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ); // each row when it is known
    Exchange exchange(plan);
    exchange.add("alice");
    fmt::print("| | |\n| --- | --- |\n");
    if (plan.minutes > 0) {
        for_long(exchange, plan);
        return 0;
    }
    sequence(exchange, plan.sequence);
    at_once(exchange, plan);
} catch (const std::exception& failure) {
    fmt::print(stderr, "many_calls_bench: {}\n", failure.what());
    return 2;
}
