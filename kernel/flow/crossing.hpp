// Two ends that call each other at the same moment: each has invited, and the other's invitation comes in. Both want
// the same call, so one of the two goes on: that of the device with the lower id. Its end leaves the other's invitation
// without a reaction; the other end answers what came in, as its own call, and takes its own invitation back.
//
// Threads: [control].

#pragma once

#include "kernel/flow/environment.hpp"
#include "kernel/flow/leg.hpp"

namespace jackfield::kernel {

struct CrossedInvitation {
    std::shared_ptr<Link> link; // second owner: the node's table
    std::unique_ptr<SignaledCall> signaled;
    std::string offer;
};

/// True if an invitation crosses a call of ours; then it is part of that call, and comes in no other way. One that
/// takes the place of another call crosses none.
bool crosses(Environment& node, const std::shared_ptr<Link>& link, const Invitation& incoming);

/// The leg of an invitation that has crossed our call: answered, as if we had been. Throws StepFailure.
awaitable<std::shared_ptr<Leg>> answer_crossing(Environment& node, std::shared_ptr<Call> call,
                                                std::shared_ptr<CallMedia> media);

/// It rings there no more: what was held is refused, unless its caller has taken it back.
void end_crossing(Call& call);

} // namespace jackfield::kernel
