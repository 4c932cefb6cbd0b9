// Why do calls fail? See diagnose.hpp.

#include "kernel/flow/diagnose.hpp"

#include "kernel/flow/node_flows.hpp"
#include "kernel/flow/step_failure.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace jackfield::kernel {

namespace {

using namespace std::chrono_literals;

constexpr auto kComesOnline = 8s; // a DHT behind a slow network
constexpr auto kReports = 500ms;  // from the end of what plugins have for looking to their last word

// 0  Who we are. Without it discovery is not even tried.
awaitable<bool> find_identity(Environment& node, std::shared_ptr<DiagnosisRun> run)
{
    run->begun("identity");
    std::optional<Error> problem;
    try {
        co_await load_identity(node);
    } catch (const Failure& failure) {
        problem = failure.error();
    }
    if (problem)
        run->found({"kernel", "identity", Verdict::problem, "The identity does not load: " + problem->text,
                    "correct it: without an account and a device nobody can be called"});
    else
        run->found(
            {"kernel", "identity", Verdict::ok,
             fmt::format("We are the account {:.8}..., device {:.8}...", node.self.account_id, node.self.device_id), "",
             nlohmann::json{{"account", node.self.account_id}, {"device", node.self.device_id}}.dump()});
    run->over("identity");
    co_return !problem;
}

void tell_mechanism(DiagnosisRun& run, const std::string& plugin_id)
{
    const auto said = run.mechanisms.find(plugin_id);
    const std::string check = "discovery/" + plugin_id;
    if (said == run.mechanisms.end())
        return run.found({"kernel", check, Verdict::problem,
                          fmt::format("{} has said neither that it is online nor why it is not", plugin_id),
                          "look at its server and at the network; \"--log debug\" may show more"});
    const auto& [online, detail, after_ms] = said->second;
    if (online)
        return run.found(
            {"kernel", check, Verdict::ok,
             fmt::format("{} is online after {:.0f} ms{}{}", plugin_id, after_ms, detail.empty() ? "" : ": ", detail),
             "", nlohmann::json{{"online_ms", after_ms}}.dump()});
    run.found({"kernel", check, Verdict::problem, fmt::format("{} is offline: {}", plugin_id, detail),
               "check the server that it names, and whether this network lets us reach it; until then nobody is found "
               "this way, and nobody finds us"});
}

// 1  Every mechanism opens, and says whether it is online.
awaitable<void> find_discovery(Environment& node, std::shared_ptr<DiagnosisRun> run)
{
    run->begun("discovery");
    std::optional<Error> problem;
    try {
        node.switchboard.start();
    } catch (const Failure& failure) {
        problem = failure.error();
    }
    if (problem) {
        run->found({"kernel", "discovery", Verdict::problem, "Discovery does not begin: " + problem->text,
                    "correct what it says; if an address is in use, another program has the port"});
        run->over("discovery");
        co_return;
    }
    std::set<std::string> waited_for;
    for (const auto& plug : node.board.discovery)
        waited_for.insert(plug.plugin_id);
    const TimePoint by = run->by(kComesOnline);
    co_await until(run->bell, by, [&] {
        std::erase_if(waited_for, [&](const std::string& plugin_id) {
            const auto said = run->mechanisms.find(plugin_id);
            const bool online = said != run->mechanisms.end() && said->second.online;
            if (online)
                tell_mechanism(*run, plugin_id);
            return online;
        });
        return waited_for.empty() || run->cancelled;
    });
    for (const auto& plugin_id : waited_for)
        tell_mechanism(*run, plugin_id);
    run->over("discovery");
}

/// A part with a flow of its own.
awaitable<void> part(std::shared_ptr<DiagnosisRun> run, awaitable<void> flow)
{
    co_await std::move(flow);
    --run->under_way;
    run->bell.ring();
}

void begin_part(Environment& node, const std::shared_ptr<DiagnosisRun>& run, awaitable<void> flow)
{
    ++run->under_way;
    spawn(node, part(run, std::move(flow)));
}

void say_what_nobody_said(DiagnosisRun& run)
{
    if (!run.has("clock"))
        run.found({"kernel", "clock", Verdict::skipped, "Nothing that we talked to says what time it is",
                   "if certificates are refused as expired or not yet valid, compare this machine's clock"});
}

} // namespace

void DiagnosisRun::begun(const std::string& what)
{
    if (!cancelled)
        listener_->begun(what);
}

void DiagnosisRun::over(const std::string& what)
{
    if (!cancelled)
        listener_->over(what);
}

void DiagnosisRun::found(const Finding& finding)
{
    if (cancelled || finished_ || !seen_.emplace(finding.by, finding.check).second)
        return;
    checks_.insert(finding.check);
    listener_->found(finding);
}

void DiagnosisRun::mechanism(const std::string& plugin_id, bool online, const std::string& detail)
{
    mechanisms[plugin_id] = {online, detail, ms()};
    bell.ring();
}

void DiagnosisRun::cancel()
{
    cancelled = true;
    bell.ring();
}

void DiagnosisRun::finished()
{
    if (!std::exchange(finished_, true))
        listener_->finished();
}

awaitable<void> diagnose(Environment& node, std::shared_ptr<DiagnosisRun> run, std::shared_ptr<PluginDiagnoses> plugins)
{
    const bool known = co_await find_identity(node, run);
    const auto left = std::max<StepClock::duration>(run->deadline - now(), 10ms);
    plugins->begin(std::max(left - kReports, left / 2), *run, [run] { run->bell.ring(); });
    begin_part(node, run, diagnose_devices(node, run));
    if (known && !run->cancelled)
        begin_part(node, run, find_discovery(node, run));
    if (known && !run->cancelled && !run->plan.peer_account.empty())
        begin_part(node, run, diagnose_peer(node, run));
    co_await until(run->bell, run->deadline,
                   [&] { return run->cancelled || (run->under_way == 0 && plugins->over()); });
    if (!run->cancelled)
        plugins->give_up();
    run->bell.ring(); // links that take too long are given up now
    co_await until(run->bell, TimePoint::max(), [&] { return run->under_way == 0; });
    say_what_nobody_said(*run);
    run->finished();
}

} // namespace jackfield::kernel
