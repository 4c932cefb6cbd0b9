// What was decided, for people: `jackfield explain` and `jackfield plugins`.
//
// Threads: plain functions, any thread. They load nothing.

#pragma once

#include "kernel/config/resolve.hpp"
#include "kernel/registry/registry.hpp"

#include <string>

namespace jackfield::kernel {

/// Every slot in the order of a call, the plugin in it and why, then how the plugins stand upon each other.
std::string explain(const Resolved& resolved);

/// Every plugin that was found, by folder, and every manifest that cannot be used, with the reason.
std::string list_plugins(const Registry& registry);

} // namespace jackfield::kernel
