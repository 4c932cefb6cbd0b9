// The links that are kept between calls. See tend_links.hpp.

#include "kernel/flow/tend_links.hpp"

#include "kernel/flow/disowned.hpp"
#include "kernel/flow/limits.hpp"

#include <nlohmann/json.hpp>

namespace jackfield::kernel {

void tell_of_link(Environment& node, const Device& peer, std::string_view what)
{
    const nlohmann::json detail{{"what", what}, {"account", peer.account_id}, {"device", peer.device_id}};
    node.timeline.tell({0, "", Side::node, Step::connectivity, Moment::progress, detail.dump()});
}

void forget_link(Environment& node, const std::shared_ptr<Link>& link)
{
    tell_of_link(node, link->peer, "kept link is dead");
    link->dead = true;
    node.links.drop(link);
    node.bell.ring();
    for (const auto& call : node.calls)
        call->bell.ring(); // one may run on it
}

void ping_link(Environment& node, const std::shared_ptr<Link>& link, std::chrono::milliseconds limit,
               std::function<void(const std::shared_ptr<Link>&)> dead)
{
    if (link->carried || !link->usable())
        return;
    const auto heard = [&node, weak = std::weak_ptr(link), asked_at = now(),
                        dead = std::move(dead)](const Error& result) {
        const auto asked = weak.lock();
        if (asked && result.status == JF_OK)
            asked->round_trip.note(now() - asked_at);
        if (result.status == JF_TIMEOUT) // on a later turn: a plugin does not go away inside its own call
            node.control.post([weak, dead] {
                if (const auto still = weak.lock())
                    dead(still);
            });
    };
    if (link->layers->wants_channels())
        link->layers->channels().ping(limit, node.completions.make(heard));
    else
        link->signaling->ping(limit, heard);
}

namespace {

/// Closes what is idle, asks the others for a sign of life where that is due. When to look again.
TimePoint look_after(Environment& node)
{
    TimePoint next = TimePoint::max();
    for (const auto& link : node.links.all()) {
        const bool used = link.use_count() > 2; // the table's, and this copy
        if (used || !link->idle_since)
            link->idle_since = used ? std::nullopt : std::optional(now());
        const auto idle_timeout = node.links.is_surplus(link) ? limits::kSurplusIdle : node.link_settings.idle_timeout;
        if (link->idle_since && now() >= *link->idle_since + idle_timeout) {
            tell_of_link(node, link->peer, "idle link closed");
            node.links.drop(link);
            continue;
        }
        if (now() >= link->ping_due) {
            if (link->ping_due != TimePoint())
                ping_link(node, link, limits::kPingAnswer,
                          [&node](const std::shared_ptr<Link>& dead) { forget_link(node, dead); });
            link->ping_due = now() + node.link_settings.ping_interval;
        }
        next = std::min(next, link->ping_due);
        if (link->idle_since)
            next = std::min(next, *link->idle_since + idle_timeout);
    }
    return next;
}

} // namespace

awaitable<void> tend_links(Environment& node)
{
    TimePoint next;
    const auto nothing_to_tend = [&] {
        if (!node.stopping)
            next = std::min(look_after(node), watch_linked_accounts(node));
        return node.stopping || node.links.empty();
    };
    bool over = false;
    while (!over)
        over = co_await until(node.bell, [&next] { return next; }, nothing_to_tend);
    node.watching_links.only({});
    node.tending_links = false;
}

} // namespace jackfield::kernel
