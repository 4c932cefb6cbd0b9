// Devices that their account has revoked. See disowned.hpp.

#include "kernel/flow/disowned.hpp"

#include "kernel/flow/limits.hpp"
#include "kernel/flow/step_failure.hpp"

#include <nlohmann/json.hpp>

namespace jackfield::kernel {

std::shared_ptr<Search> look_up_caller(Environment& node, const std::string& account_id)
{
    if (node.watching.has(account_id))
        return nullptr; // its lists come with the cards of its devices
    const auto looked = node.looked_up.find(account_id);
    if (looked != node.looked_up.end() && now() < looked->second + limits::kVouchedFor)
        return nullptr;
    if (!node.look_ups_of_callers.take(""))
        throw StepFailure(Step::request, JF_EXHAUSTED, "too many accounts that call were looked up just now");
    constexpr std::size_t kMost = 1024; // forgetting one costs a look-up
    if (node.looked_up.size() >= kMost)
        node.looked_up.erase(node.looked_up.begin());
    return std::make_shared<Search>(node.switchboard, account_id, [&node] { node.bell.ring(); });
}

awaitable<void> vouched_for(Environment& node, std::shared_ptr<Search> look_up, Device caller)
{
    if (look_up) {
        const bool known =
            co_await until(node.bell, now() + limits::kLookUpCaller, [&] { return look_up->done() || node.stopping; });
        if (known && !look_up->devices().empty())
            node.looked_up[caller.account_id] = now();
    }
    if (const auto why = disowned(node.board.identity, caller))
        throw StepFailure(Step::secure_channel, *why);
}

void end_disowned_links(Environment& node, const std::string& account_id)
{
    for (const auto& link : node.links.all()) {
        if (link->peer.account_id != account_id || !link->usable())
            continue;
        const auto why = disowned(node.board.identity, link->peer);
        if (!why)
            continue;
        const nlohmann::json detail{{"what", "link ended"},
                                    {"account", link->peer.account_id},
                                    {"device", link->peer.device_id},
                                    {"text", why->text}};
        node.timeline.tell({0, "", Side::node, Step::connectivity, Moment::progress, detail.dump()});
        link->signaling->break_off(*why);
    }
}

TimePoint watch_linked_accounts(Environment& node)
{
    TimePoint next = TimePoint::max();
    std::set<std::string> accounts;
    for (const auto& link : node.links.all()) {
        const auto due = link->opened + limits::kWatchLinked;
        if (link->peer.chain_pem.empty())
            continue;
        if (now() >= due)
            accounts.insert(link->peer.account_id);
        else
            next = std::min(next, due);
    }
    node.watching_links.only(accounts);
    return next;
}

} // namespace jackfield::kernel
