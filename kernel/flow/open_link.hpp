// Steps 2 to 5: from a device to a link: ask it, negotiate paths, encrypt, prove who is there.

#pragma once

#include "kernel/flow/call.hpp"
#include "kernel/flow/environment.hpp"
#include "kernel/flow/leg.hpp"

namespace jackfield::kernel {

/// The calling side: a new link to the leg's device. Gives up when the call is hung up or the leg is abandoned. Throws
/// StepFailure.
awaitable<std::shared_ptr<Link>> open_link(Environment& node, std::shared_ptr<Call> call, std::shared_ptr<Leg> leg);

/// The called side: answers a verified request and waits for the caller to come through. Says nothing to a stranger who
/// does not get that far.
awaitable<void> accept_link(Environment& node, Device caller, CallMessage request);

/// Puts signaling upon the layers of a link, and the link into the node's table.
void start_signaling(Environment& node, const std::shared_ptr<Link>& link, bool initiator);

} // namespace jackfield::kernel
