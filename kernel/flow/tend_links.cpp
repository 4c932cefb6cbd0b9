// The links that are kept between calls. See tend_links.hpp.

#include "kernel/flow/tend_links.hpp"

#include "kernel/flow/disowned.hpp"
#include "kernel/flow/limits.hpp"

#include <nlohmann/json.hpp>

namespace jackfield::kernel {

namespace {

void tell(Environment& node, const Link& link, std::string_view what)
{
    const nlohmann::json detail{{"what", what}, {"account", link.peer.account_id}, {"device", link.peer.device_id}};
    node.timeline.tell({0, "", Side::node, Step::connectivity, Moment::progress, detail.dump()});
}

/// A call that goes on over it keeps it alive; whoever comes next opens another.
void forget(Environment& node, const std::shared_ptr<Link>& link)
{
    tell(node, *link, "kept link is dead");
    node.links.drop(link);
    node.bell.ring();
}

void ping(Environment& node, const std::shared_ptr<Link>& link)
{
    if (!link->layers->wants_channels())
        return;
    link->layers->channels().ping(
        limits::kPingAnswer, node.completions.make([&node, weak = std::weak_ptr(link)](const Error& result) {
            if (result.status == JF_TIMEOUT) // on a later turn: a plugin does not go away inside its own call
                node.control.post([&node, weak] {
                    if (const auto still = weak.lock())
                        forget(node, still);
                });
        }));
}

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
            tell(node, *link, "idle link closed");
            node.links.drop(link);
            continue;
        }
        if (now() >= link->ping_due) {
            if (link->ping_due != TimePoint())
                ping(node, link);
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
