// The links that are kept between calls: one that nobody has used for a while is closed, one that has died is found out
// and forgotten before somebody needs it.
//
// Threads: [control].

#pragma once

#include "kernel/flow/environment.hpp"

namespace jackfield::kernel {

/// Goes on while there are links; start_signaling starts it. One a node.
awaitable<void> tend_links(Environment& node);

} // namespace jackfield::kernel
