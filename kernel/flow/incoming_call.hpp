// A call to this end, step by step: what the callee does after the link is up.

#pragma once

#include "kernel/flow/call.hpp"
#include "kernel/flow/environment.hpp"

namespace jackfield::kernel {

/// Rings here, waits for the decision, and stays with the call until it is over. Never throws.
awaitable<void> incoming_call(Environment& node, std::shared_ptr<Call> call, std::shared_ptr<Link> link,
                              std::uint64_t number, std::string offer);

} // namespace jackfield::kernel
