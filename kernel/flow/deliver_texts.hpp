// Texts on their way: from the store, in their order, to every device of the account that can be reached, until a
// receipt has come for each.
//
// Threads: [control].

#pragma once

#include "kernel/flow/environment.hpp"
#include "kernel/flow/texts.hpp"

namespace jackfield::kernel {

/// Goes on while something waits for the account: a round, and after one in which not all arrived a rest, which ends at
/// once when the peer is back. One an account; Texts starts it.
awaitable<void> deliver_texts(Environment& node, std::shared_ptr<Outbox> box);

} // namespace jackfield::kernel
