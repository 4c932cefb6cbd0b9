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

/// Whoever still tries to reopen one ends soon.
void reopen_no_more(Environment& node);

} // namespace jackfield::kernel
