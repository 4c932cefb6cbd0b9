// The flows of a node as a whole: who we are (step 0), its calls side by side, and the end of all of it.
//
// Threads: [control].

#pragma once

#include "kernel/flow/call.hpp"
#include "kernel/flow/environment.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace jackfield::kernel {

/// Starts a flow; leave waits for it.
void spawn(Environment& node, awaitable<void> flow);

/// Starts the flow of a call of ours, or of a peer's that has come in on a link.
void start_call(Environment& node, const std::shared_ptr<Call>& call);
/// The same of a call that the peer of another wants; it ends at once if that is decided already.
void start_following(Environment& node, const std::shared_ptr<Call>& call, const std::shared_ptr<Referral>& referral);
void take_call(Environment& node, const std::shared_ptr<Call>& call, const std::shared_ptr<Link>& link,
               Invitation invitation);

/// Starts the flow of a file of ours.
void start_file(Environment& node, const std::shared_ptr<FileTransfer>& transfer);

/// 0  Loads account and device; returns at once if they are there. Throws StepFailure.
awaitable<void> load_identity(Environment& node);

/// Hangs up, waits for every flow, closes the links, withdraws from discovery. Afterwards nothing of this environment
/// uses a plugin.
awaitable<void> leave(Environment& node);

/// Another environment takes the calls from now on: links without a call are closed, and when the last call has ended,
/// or dismiss was said, nothing of this environment uses a plugin. Withdraws from discovery first, if nobody else goes
/// on with it.
awaitable<void> retire(Environment& node, bool withdraws);

/// Hangs up whatever still goes on. A retire that is under way ends then.
void dismiss(Environment& node);

} // namespace jackfield::kernel
