// Steps 2 to 5: from a device to a link: ask it, negotiate paths, encrypt, prove who is there.

#pragma once

#include "kernel/flow/environment.hpp"
#include "kernel/flow/errand.hpp"

namespace jackfield::kernel {

/// The calling side: a new link to that device. Gives up when nobody wants it any more. Throws StepFailure.
awaitable<std::shared_ptr<Link>> open_link(Environment& node, std::shared_ptr<Errand> errand, Device device);

/// A link that a service carries to that device; null if none does. Throws StepFailure.
std::shared_ptr<Link> carried_link(Environment& node, Errand& errand, const Device& device);

/// A link that is open, or else a new one. While somebody else of this node opens one to that device, it is waited for.
/// Throws StepFailure.
awaitable<std::shared_ptr<Link>> link_to(Environment& node, std::shared_ptr<Errand> errand, Device device);

/// The called side: answers a verified request and waits for the caller to come through. Says nothing to a stranger who
/// does not get that far.
awaitable<void> accept_link(Environment& node, Device caller, CallMessage request);

/// A device that a service carries has written to us.
void accept_carried(Environment& node, Device sender, std::unique_ptr<Carried> carried);

/// Puts signaling upon the layers of a link, and the link into the node's table.
void start_signaling(Environment& node, const std::shared_ptr<Link>& link, bool initiator);

} // namespace jackfield::kernel
