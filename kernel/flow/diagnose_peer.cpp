// Can this peer be reached? Steps 1 to 5 as a call has them, and no INVITE: nobody is rung. See diagnose.hpp.

#include "kernel/flow/diagnose.hpp"

#include "kernel/flow/node_flows.hpp"
#include "kernel/flow/open_link.hpp"
#include "kernel/flow/step_failure.hpp"
#include "kernel/flow/tried_pairs.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace jackfield::kernel {

namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

constexpr std::size_t kMostDevices = 4;

/// Wants the link until the time is over, and notes when each step was done.
class LookErrand final : public Errand {
public:
    explicit LookErrand(std::shared_ptr<DiagnosisRun> run) : run_(std::move(run)) {}

    Bell& bell() override { return run_->bell; }
    bool unwanted() const override { return run_->out_of_time(); }
    void check_wanted(Step step) const override
    {
        if (unwanted())
            throw StepFailure(step, JF_TIMEOUT, "it took longer than this diagnosis may");
    }
    void tell(Step step, Moment moment, std::string detail_json) override
    {
        const std::string name(name_of(step));
        auto detail = Json::parse(detail_json.empty() ? "{}" : detail_json, nullptr, false);
        if (moment == Moment::start)
            began_[name] = run_->ms();
        if (moment == Moment::done)
            steps_[name + "_ms"] = run_->ms() - began_[name];
        if (step == Step::request && moment == Moment::done && detail.contains("candidates"))
            steps_["our_candidates"] = detail["candidates"];
        if (step == Step::answer && moment == Moment::done && detail.contains("candidates"))
            steps_["their_candidates"] = detail["candidates"];
        if (step == Step::connectivity && moment == Moment::progress && detail.contains("pairs"))
            steps_["pairs"] = detail["pairs"];
        if (step == Step::connectivity && moment == Moment::done)
            steps_["path"] = detail;
        if (moment == Moment::failed)
            steps_["failed_before"].push_back({{"step", name}, {"why", detail}});
    }

    bool wants_all_pairs() const override { return true; }

    const Json& steps() const { return steps_; }

private:
    std::shared_ptr<DiagnosisRun> run_;
    std::map<std::string, double> began_;
    Json steps_ = Json::object();
};

/// "host and srflx over UDP, host over TCP"
std::string kinds_of(const Json& candidates)
{
    std::map<std::string, std::set<std::string>> kinds;
    for (const auto& one : candidates)
        kinds[one.value("transport", "?")].insert(one.value("type", "?"));
    std::string text;
    for (const auto& [transport, types] : kinds) {
        std::string joined;
        for (const auto& type : types)
            joined += (joined.empty() ? "" : " and ") + type;
        text += fmt::format("{}{} over {}", text.empty() ? "" : ", ", joined, transport);
    }
    return text.empty() ? "no candidates" : text;
}

/// What each step's failure most often means.
std::string advice_for(const StepFailure& failure, const Json& pairs)
{
    switch (failure.step()) {
    case Step::request:
        return "the device is known but no mechanism takes a message to it: see what discovery says above";
    case Step::answer:
        if (failure.status() == JF_REFUSED)
            return "the peer's device lets nobody it does not know call: ask to be a contact (jackfield contacts "
                   "request)";
        return "the device may have gone without a goodbye (its announcement lives on for three minutes), or it takes "
               "no calls from us: there, look whether \"jackfield listen\" runs, and whether it has us as a contact or "
               "has banned us";
    case Step::connectivity:
        if (auto advice = advice_of_tried(pairs); !advice.empty())
            return advice;
        return "both ends know each other's addresses and no packet gets through: give at least one end a relay "
               "(\"turn\" of its connectivity plugin), over TLS on port 443 if its network lets only the web out";
    case Step::secure_channel:
        return failure.status() == JF_UNAUTHENTICATED
                   ? "whoever answers there is not that device: compare the account id with what \"jackfield id\" "
                     "prints on the peer's machine"
                   : "the path lets the first packets through and the handshake not: an MTU below 1280, or a firewall "
                     "that looks inside; both ends need the same kind of secure_channel";
    default:
        return "the other end speaks another wire, or went away meanwhile: compare both configurations with "
               "\"jackfield "
               "explain\"";
    }
}

Finding reached(const std::string& check, const Device& device, const Json& steps)
{
    const Json path = steps.value("path", Json::object());
    if (path.empty())
        return {"kernel",
                check,
                Verdict::ok,
                fmt::format("Device {:.8}... is reached through a service, which carries the link", device.device_id),
                "",
                steps.dump()};
    return {
        "kernel",
        check,
        Verdict::ok,
        fmt::format("Device {:.8}... answers: the control link is open over {}{}, from {} to {}, and nobody was rung",
                    device.device_id, path.value("transport", "?"), path.value("relayed", false) ? ", relayed" : "",
                    path.value("local", "?"), path.value("remote", "?")),
        "",
        steps.dump()};
}

Finding missed(const std::string& check, const Device& device, const Json& steps, const StepFailure& failure)
{
    std::string tried;
    if (failure.step() == Step::connectivity && steps.contains("their_candidates"))
        tried = fmt::format(" (we offer {}; they offer {})", kinds_of(steps.value("our_candidates", Json::array())),
                            kinds_of(steps["their_candidates"]));
    const Json pairs = steps.value("pairs", Json::array());
    if (failure.step() == Step::connectivity && failure.status() == JF_TIMEOUT) // broken off before it could say so
        tried += pairs.empty() ? "" : "; " + tried_in_words(pairs);
    Json details = steps;
    details["failed_step"] = name_of(failure.step());
    details["status"] = status_word(failure.status());
    return {"kernel",
            check,
            Verdict::problem,
            fmt::format("Device {:.8}... cannot be reached: it fails at the step {}: {}{}", device.device_id,
                        name_of(failure.step()), failure.what(), tried),
            advice_for(failure, pairs),
            details.dump()};
}

awaitable<void> look_at_device(Environment& node, std::shared_ptr<DiagnosisRun> run, Device device)
{
    const std::string check = "peer/" + device.device_id.substr(0, 8);
    const auto errand = std::make_shared<LookErrand>(run);
    std::optional<StepFailure> failure;
    try {
        co_await link_to(node, errand, device);
    } catch (const StepFailure& caught) {
        failure = caught;
    }
    run->found(failure ? missed(check, device, errand->steps(), *failure) : reached(check, device, errand->steps()));
    --run->under_way;
    run->bell.ring();
}

void tell_nobody(const Environment& node, DiagnosisRun& run, const Search& search)
{
    const auto why = why_nobody_is_there(node, run.plan.peer_account, search);
    std::string mechanisms;
    for (const auto& [plugin_id, said] : run.mechanisms)
        mechanisms +=
            fmt::format("{}{} ({})", mechanisms.empty() ? "" : ", ", plugin_id, said.online ? "online" : "offline");
    run.found(
        {"kernel", "peer", Verdict::problem,
         fmt::format("No device of {:.16}... was found: {}; asked were {}", run.plan.peer_account, why.text,
                     mechanisms.empty() ? "none, for no mechanism is online" : mechanisms),
         "on the peer's machine, look whether \"jackfield listen\" runs, \"jackfield id\" prints this very account, "
         "and its discovery names the same servers as ours"});
}

void tell_found(const Environment& node, DiagnosisRun& run, const std::vector<Device>& devices, double after_ms)
{
    std::set<std::string> through;
    for (const auto& device : devices)
        through.insert(node.switchboard.found_through(device.device_id));
    run.found({"kernel", "peer", Verdict::ok,
               fmt::format("{} device{} of {:.16}... found through {}", devices.size(), devices.size() == 1 ? "" : "s",
                           run.plan.peer_account, fmt::join(through, " and ")),
               "", Json{{"devices", devices.size()}, {"through", through}, {"discovery_ms", after_ms}}.dump()});
}

} // namespace

awaitable<void> diagnose_peer(Environment& node, std::shared_ptr<DiagnosisRun> run)
{
    run->begun("peer");
    const TimePoint online_by = run->by(8s);
    const auto any_online = [&] {
        return run->cancelled ||
               std::ranges::any_of(run->mechanisms, [](const auto& one) { return one.second.online; });
    };
    co_await until(run->bell, online_by, any_online);
    const double asked = run->ms();
    Search search(node.switchboard, run->plan.peer_account, [run] { run->bell.ring(); });
    const TimePoint found_by = run->by(std::chrono::duration_cast<std::chrono::milliseconds>(limits::kFind));
    co_await until(run->bell, found_by, [&] { return search.done() || run->cancelled; });
    std::vector<Device> devices = search.devices();
    std::erase_if(devices, [&](const Device& device) { return device.device_id == node.self.device_id; });
    if (devices.empty()) {
        tell_nobody(node, *run, search);
    } else {
        tell_found(node, *run, devices, run->ms() - asked);
        devices.resize(std::min(devices.size(), kMostDevices));
        for (const auto& device : devices) {
            ++run->under_way;
            spawn(node, look_at_device(node, run, device));
        }
    }
    run->over("peer");
}

} // namespace jackfield::kernel
