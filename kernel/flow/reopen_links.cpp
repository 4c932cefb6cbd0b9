// Kept links after a change of network. See reopen_links.hpp.

#include "kernel/flow/reopen_links.hpp"

#include "kernel/flow/limits.hpp"
#include "kernel/flow/node_flows.hpp"
#include "kernel/flow/open_link.hpp"
#include "kernel/flow/random_id.hpp"
#include "kernel/flow/step_failure.hpp"
#include "kernel/flow/tend_links.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <sstream>

namespace jackfield::kernel {

namespace {

using namespace std::chrono_literals;

/// The address of ours behind a local candidate (RFC 8839 section 5.1): its own, or of one that others see otherwise,
/// what stands behind raddr. Empty if the line says none.
std::string base_address(const std::string& candidate)
{
    std::istringstream words(candidate);
    std::string word;
    std::string own;
    for (int number = 0; words >> word; ++number) {
        if (number == 4)
            own = word;
        if (word == "raddr" && words >> word)
            return word;
    }
    return own;
}

bool stood_on(const Link& link, const std::set<std::string>& gone)
{
    return link.connectivity && stands_on(*link.connectivity, gone);
}

/// Tries until there is a link, whoever opened it; not for ever.
awaitable<void> reopen(Environment& node, Device device, std::shared_ptr<LinkErrand> errand)
{
    const auto give_up_at = now() + limits::kReopenTries;
    std::chrono::milliseconds pause = limits::kReopenFirstPause;
    bool open = false;
    while (!open && !errand->unwanted() && now() < give_up_at) {
        try {
            co_await link_to(node, errand, device);
            open = true;
        } catch (const StepFailure& failure) {
            errand->tell(failure.step(), Moment::failed, failure_detail(failure.error()));
        }
        if (!open)
            open = co_await until(errand->bell(), now() + pause,
                                  [&] { return errand->unwanted() || node.links.find(device.device_id); });
        pause = std::min(2 * pause, limits::kReopenLongestPause);
    }
    if (!errand->unwanted())
        tell_of_link(node, device, node.links.find(device.device_id) ? "kept link reopened" : "kept link not reopened");
    const auto mine = node.reopening.find(device.device_id);
    if (mine != node.reopening.end() && mine->second.errand == errand)
        node.reopening.erase(mine);
}

/// What an earlier try has gathered is not true any more, so it makes room for a new one.
void begin_to_reopen(Environment& node, const Device& device)
{
    const auto errand = std::make_shared<LinkErrand>(node.timeline, random_id());
    Reopening& place = node.reopening[device.device_id];
    if (place.errand)
        place.errand->drop();
    place = {device, errand};
    spawn(node, reopen(node, device, errand));
}

/// Everything new goes over the next one, and so do calls (recovery.hpp); files that go on over the link keep it. Its
/// death may be told more than once, by each who has asked it: a try that is under way already goes on.
void replace(Environment& node, const std::shared_ptr<Link>& link)
{
    const Device peer = link->peer;
    if (!link->dead)
        forget_link(node, link);
    reopen_link(node, peer);
}

} // namespace

bool stands_on(const ConnectivitySession& session, const std::set<std::string>& addresses)
{
    return std::ranges::any_of(session.pairs(),
                               [&](const auto& pair) { return addresses.contains(base_address(pair.second.local)); });
}

void reopen_link(Environment& node, const Device& device)
{
    if (!node.stopping && !node.links.find(device.device_id) && !node.reopening.contains(device.device_id))
        begin_to_reopen(node, device);
}

void ask_for_life(Environment& node, const std::shared_ptr<Link>& link, std::chrono::milliseconds limit)
{
    ping_link(node, link, limit, [&node](const std::shared_ptr<Link>& dead) { replace(node, dead); });
}

void network_changed(Environment& node, const std::set<std::string>& gone)
{
    if (node.stopping)
        return;
    ++node.network_changes;
    node.gone_addresses = gone;
    for (const auto& [device_id, earlier] : std::map(node.reopening))
        begin_to_reopen(node, earlier.device);
    for (const auto& link : node.links.all()) {
        if (!link->usable())
            continue;
        if (stood_on(*link, gone))
            replace(node, link);
        else // nothing happens to one that a service carries: the service looks after it
            ask_for_life(node, link, limits::kPingAfterChange);
    }
    for (const auto& call : node.calls)
        call->bell.ring();
}

void reopen_no_more(Environment& node)
{
    for (const auto& [device_id, reopening] : node.reopening)
        reopening.errand->drop();
}

} // namespace jackfield::kernel
