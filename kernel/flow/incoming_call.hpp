// A call to this end, step by step: what the callee does after the link is up.

#pragma once

#include "kernel/flow/call.hpp"
#include "kernel/flow/environment.hpp"
#include "kernel/flow/leg.hpp"

namespace jackfield::kernel {

/// Rings here, waits for the decision, and stays with the call until it is over. Never throws.
awaitable<void> incoming_call(Environment& node, std::shared_ptr<Call> call, std::shared_ptr<Link> link,
                              Invitation invitation);

/// 7  Our answer to the offer, sent while it rings, so that media is negotiated before anybody picks up. One that takes
/// the place of another call does not ring. Throws StepFailure.
awaitable<std::string> ring_here(Environment& node, std::shared_ptr<Call> call, std::shared_ptr<CallMedia> media,
                                 std::shared_ptr<Leg> leg, std::string offer_json);

} // namespace jackfield::kernel
