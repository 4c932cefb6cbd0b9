// The links that are kept, when the addresses of this machine change: those that stood on an address which has gone are
// opened anew; the others are asked for a sign of life, and opened anew if there is none.
//
// Threads: [control].

#pragma once

#include "kernel/flow/environment.hpp"

#include <set>
#include <string>

namespace jackfield::kernel {

/// Discovery is told by whoever calls this.
void network_changed(Environment& node, const std::set<std::string>& gone);

/// A link to that device, unless there is one or somebody opens one already; not for ever.
void reopen_link(Environment& node, const Device& device);

/// Opened anew if it gives no sign of life within the limit. Nothing for a link that cannot be asked.
void ask_for_life(Environment& node, const std::shared_ptr<Link>& link, std::chrono::milliseconds limit);

/// Whether one of its pairs stands on one of those addresses of ours.
bool stands_on(const ConnectivitySession& session, const std::set<std::string>& addresses);

/// Whoever still tries to reopen one ends soon.
void reopen_no_more(Environment& node);

} // namespace jackfield::kernel
