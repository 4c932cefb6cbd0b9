// Two ends that call each other. See crossing.hpp.

#include "kernel/flow/crossing.hpp"

#include "kernel/flow/incoming_call.hpp"
#include "kernel/flow/step_failure.hpp"

#include <algorithm>

namespace jackfield::kernel {

namespace {

constexpr std::size_t kMostHeld = 8; // devices of the peer that call at once

std::shared_ptr<Call> ringing_call_to(const Environment& node, const std::string& account)
{
    const auto found = std::ranges::find_if(node.calls, [&](const auto& call) {
        const bool replaces = call->follows && !call->follows->replaces.empty(); // the peer's cannot go on in its place
        return call->side == Side::caller && call->peer_account == account && call->crossing.open && !call->hung_up() &&
               !replaces;
    });
    return found == node.calls.end() ? nullptr : *found;
}

void refuse_unless_over(SignaledCall& signaled, std::uint32_t reason)
{
    try {
        if (!signaled.over() && !signaled.left())
            signaled.refuse(reason);
    } catch (const Failure&) {
        // The link broke: the peer sees that.
    }
}

} // namespace

bool crosses(Environment& node, const std::shared_ptr<Link>& link, const Invitation& incoming)
{
    if (!incoming.referral.replaces.empty())
        return false;
    const auto call = ringing_call_to(node, link->peer.account_id);
    if (!call)
        return false;
    auto& crossing = call->crossing;
    const bool ours_goes_on = node.self.device_id < link->peer.device_id;
    if (crossing.taken || (ours_goes_on && crossing.held.size() == kMostHeld))
        return false;
    auto invitation = std::make_shared<CrossedInvitation>();
    invitation->link = link;
    invitation->offer = incoming.offer;
    invitation->signaled =
        std::make_unique<SignaledCall>(*link->signaling, incoming.number, [weak = std::weak_ptr(call)] {
            if (const auto still = weak.lock())
                still->bell.ring();
        });
    if (ours_goes_on)
        crossing.held.push_back(std::move(invitation));
    else
        crossing.taken = std::move(invitation);
    call->tell_progress(Step::signaling, ours_goes_on ? "crossed, ours goes on" : "crossed, theirs goes on");
    call->bell.ring();
    return true;
}

awaitable<std::shared_ptr<Leg>> answer_crossing(Environment& node, std::shared_ptr<Call> call,
                                                std::shared_ptr<CallMedia> media)
{
    auto& taken = *call->crossing.taken;
    const auto leg = std::make_shared<Leg>();
    leg->device = taken.link->peer;
    leg->link = taken.link;
    leg->signaled = std::move(taken.signaled);
    try {
        const std::string answer = co_await ring_here(node, call, media, leg, taken.offer);
        call->check_hung_up(Step::signaling);
        as_step(Step::signaling, [&] { leg->signaled->answer(answer); });
    } catch (const StepFailure&) {
        refuse_unless_over(*leg->signaled, JF_REASON_FAILED);
        throw;
    }
    co_return leg;
}

void end_crossing(Call& call)
{
    call.crossing.open = false;
    for (const auto& invitation : std::exchange(call.crossing.held, {}))
        refuse_unless_over(*invitation->signaled, JF_REASON_BUSY);
    if (call.crossing.taken && call.crossing.taken->signaled) // the call went on without it
        refuse_unless_over(*call.crossing.taken->signaled, JF_REASON_BUSY);
    call.crossing.taken.reset();
}

} // namespace jackfield::kernel
