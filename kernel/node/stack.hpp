// One configuration at work: the plugins it names, and the flows that use them. A node has one, and for as long as
// calls of an earlier configuration go on, theirs.
//
// Threads:  [control].
// Lifetime: the node's. Members are destroyed from the last to the first: flows' environment, discovery, plugins.

#pragma once

#include "kernel/bind/board.hpp"
#include "kernel/bind/discovery.hpp"
#include "kernel/config/resolve.hpp"
#include "kernel/flow/environment.hpp"
#include "kernel/registry/registry.hpp"

#include <memory>

namespace jackfield::kernel {

struct Stack {
    Registry registry;
    Resolved resolved; // for what is made later: diagnoses
    std::unique_ptr<Board> board;
    std::shared_ptr<Switchboard> switchboard; // second owner: a later stack with the same discovery
    std::unique_ptr<Environment> environment;
};

} // namespace jackfield::kernel
