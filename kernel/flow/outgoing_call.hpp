// A call from this end, step by step. Start reading here.

#pragma once

#include "kernel/flow/call.hpp"
#include "kernel/flow/environment.hpp"

namespace jackfield::kernel {

/// Places the call and stays with it until it is over; the call's listener hears how it ended. Never throws.
awaitable<void> outgoing_call(Environment& node, std::shared_ptr<Call> call);

} // namespace jackfield::kernel
