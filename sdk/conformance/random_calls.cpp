// Plays a scene, several lives long, and counts what is left. See random_calls.hpp.
#include "random_calls.hpp"

#include <algorithm>
#include <filesystem>

namespace jackfield::conformance {

namespace random_calls {
namespace {

using namespace std::chrono_literals;

constexpr int kLives = 3;
constexpr int kMoves = 60;
constexpr std::size_t kToldMoves = 6;

std::size_t count_in(const char* folder)
{
    std::error_code error;
    const std::filesystem::directory_iterator all(folder, error);
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

std::string last_of(const std::vector<std::string>& made)
{
    std::string text;
    for (std::size_t i = made.size() - std::min(made.size(), kToldMoves); i < made.size(); ++i)
        text += (text.empty() ? "" : ", ") + made[i];
    return text;
}

/// A released session has no timers: there are as many as instances have that had none.
void require_no_timers(Bench& bench, const std::string& interface_id)
{
    bench.run_pending();
    const std::size_t left = bench.timers();
    const std::size_t lives = bench.lives();
    bench.make(interface_id);
    bench.run_pending();
    const std::size_t each = bench.timers() - std::min(bench.timers(), left);
    require(left <= each * lives,
            "sessions that were released left " + std::to_string(left - each * lives) + " timers running");
}

/// One life: a scene, calls, the end at whatever moment it is.
void live(Bench& bench, const std::string& interface_id, const SetScene& set, std::uint32_t seed)
{
    Chance chance(seed);
    std::vector<std::string> made;
    const std::string with_seed = " (call by chance, seed " + std::to_string(bench.request().seed) + ")";
    try {
        auto scene = set(bench, chance);
        for (int i = 0; i < kMoves; ++i) {
            const auto& [name, make] = scene->moves[upto(chance, scene->moves.size() - 1)];
            made.emplace_back(name);
            doing(name + with_seed);
            try {
                make();
            } catch (const Failure&) { // an answer
            }
            doing("a task that was posted, after " + last_of(made) + with_seed);
            if (upto(chance, 3) == 0)
                bench.run_pending();
            else if (upto(chance, 7) == 0)
                bench.until([] { return false; }, 2ms);
        }
        doing("release" + with_seed);
        scene.reset();
        require_no_timers(bench, interface_id);
    } catch (const Broken& broken) {
        throw Broken(std::string(broken.what()) + "; after " + last_of(made) + with_seed, broken.rule());
    }
    doing("destroy" + with_seed);
    bench.end_lives();
    doing("");
}

void harms_nothing(Bench& bench, const std::string& interface_id, const SetScene& set)
{
    const std::uint32_t seed = bench.request().seed;
    live(bench, interface_id, set, seed); // whatever libraries start once and keep
    const std::size_t threads = count_in("/proc/self/task");
    const std::size_t descriptors = count_in("/proc/self/fd");
    for (std::uint32_t i = 1; i < kLives; ++i)
        live(bench, interface_id, set, seed + i);
    const bool joined = bench.until([&] { return count_in("/proc/self/task") <= threads; }, 2s);
    const std::string where = ", left in the middle of work (seed " + std::to_string(seed) + ")";
    require(joined, std::to_string(kLives - 1) + " instances" + where + ", left " +
                        std::to_string(count_in("/proc/self/task") - threads) + " more threads running");
    const std::size_t open = count_in("/proc/self/fd");
    require(open <= descriptors, std::to_string(kLives - 1) + " instances" + where + ", left " +
                                     std::to_string(open - std::min(open, descriptors)) + " descriptors open");
}

/// Who called back where is looked at when the test is over (process_watch.hpp).
void calls_back_on_the_control_thread(Bench& bench, const std::string& interface_id, const SetScene& set)
{
    live(bench, interface_id, set, bench.request().seed);
}

} // namespace
} // namespace random_calls

void add_random_tests(std::vector<Test>& list, const std::string& interface_id, const SetScene& set,
                      const std::string& suffix, const std::string& declared)
{
    using namespace random_calls;
    list.push_back({"JF-GEN-12", interface_id, "Events and ends come on the control thread" + suffix,
                    [interface_id, set](Bench& bench) { calls_back_on_the_control_thread(bench, interface_id, set); },
                    declared});
    list.push_back({"JF-GEN-15", interface_id, "Calls in any order harm nothing" + suffix,
                    [interface_id, set](Bench& bench) { harms_nothing(bench, interface_id, set); }, declared});
}

} // namespace jackfield::conformance
