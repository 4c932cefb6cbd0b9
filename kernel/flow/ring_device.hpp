// Steps 2 to 7 towards one device: open a link, invite, ring; negotiate media while it rings.

#pragma once

#include "kernel/flow/call.hpp"
#include "kernel/flow/environment.hpp"
#include "kernel/flow/leg.hpp"

namespace jackfield::kernel {

/// Rings one device until it answers, refuses, fails or the leg is abandoned; then the leg says which. `media` belongs
/// to the call and is used only while the leg is not abandoned.
awaitable<void> ring_device(Environment& node, std::shared_ptr<Call> call, std::shared_ptr<CallMedia> media,
                            std::shared_ptr<Leg> leg);

/// Tells the device that the call is over for it, unless it said so itself or has been told. For a leg whose flow has
/// ended or is about to.
void say_goodbye(const Leg& leg, std::uint32_t reason);

} // namespace jackfield::kernel
