// Devices that their account has revoked: they are not let in, and links with them that are open end.
//
// Discovery brings the account's list of revoked devices to identity with every announcement of its devices. So whoever
// looks an account up, or watches it, knows; and who a device that calls belongs to is looked up while it connects.
//
// Threads: [control].

#pragma once

#include "kernel/flow/environment.hpp"

#include <memory>

namespace jackfield::kernel {

/// Looks the account up on account of one of its devices that wants to connect; null if that was done within
/// limits::kVouchedFor. Throws StepFailure JF_EXHAUSTED if strangers have caused too many look-ups just now.
std::shared_ptr<Search> look_up_caller(Environment& node, const std::string& account_id);

/// Until the look-up is over, or has taken limits::kLookUpCaller since then. Throws StepFailure JF_UNAUTHENTICATED if
/// the device was revoked, as far as is known now.
awaitable<void> vouched_for(Environment& node, std::shared_ptr<Search> look_up, Device caller);

/// Ends every link to a device of the account that was revoked, and the calls on it.
void end_disowned_links(Environment& node, const std::string& account_id);

/// Watches the accounts of open links, so that a revocation is heard. When to do so again.
TimePoint watch_linked_accounts(Environment& node);

} // namespace jackfield::kernel
