// A link that a service carries, in both directions: steps 2 to 5 are the service's. See open_link.hpp and carrier.h.

#include "kernel/flow/open_link.hpp"
#include "kernel/flow/step_failure.hpp"

#include <nlohmann/json.hpp>

namespace jackfield::kernel {

namespace {

std::shared_ptr<Link> stand_on(Environment& node, Device peer, std::unique_ptr<Carried> carried, bool initiator)
{
    const auto link = std::make_shared<Link>();
    link->peer = std::move(peer);
    link->layers = std::make_unique<LinkLayers>(node.board, link->peer, initiator, Unproven::kAllowed, [] {});
    link->layers->stand_on(carried->raw().path);
    link->carried = std::move(carried);
    as_step(Step::signaling, [&] { start_signaling(node, link, initiator); });
    return link;
}

std::string carried_by(const Carried& carried)
{
    return nlohmann::json{{"carried_by", carried.plugin_id()}}.dump();
}

} // namespace

std::shared_ptr<Link> carried_link(Environment& node, Errand& errand, const Device& device)
{
    auto carried = as_step(Step::connectivity, [&] { return node.switchboard.carry(device); });
    if (!carried)
        return nullptr;
    errand.tell(Step::connectivity, Moment::start, {});
    errand.tell(Step::connectivity, Moment::done, carried_by(*carried));
    return stand_on(node, device, std::move(carried), true);
}

void accept_carried(Environment& node, Device sender, std::unique_ptr<Carried> carried)
{
    const auto tell = [&](Step step, Moment moment, std::string detail) {
        node.timeline.tell({0, "", Side::callee, step, moment, std::move(detail)});
    };
    if (node.stopping)
        return;
    if (!may_call(node, sender.account_id)) // who hears nothing takes us for not there
        return tell(Step::request, Moment::failed,
                    failure_detail({JF_REFUSED, "not answered: calls of " + sender.account_id + " are not wanted"}));
    try {
        tell(Step::connectivity, Moment::done, carried_by(*carried));
        stand_on(node, std::move(sender), std::move(carried), false);
    } catch (const StepFailure& failure) {
        tell(failure.step(), Moment::failed, failure_detail(failure.error()));
    }
}

} // namespace jackfield::kernel
