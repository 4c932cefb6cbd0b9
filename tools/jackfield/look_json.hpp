// What `jackfield plugins --json` and `jackfield explain --json` say, for scripts.
//
// Threads: plain functions, any thread. They load nothing.
#pragma once

#include "kernel/config/resolve.hpp"
#include "kernel/registry/registry.hpp"

#include <string>

namespace jackfield::program {

/// {"folders":[{"folder":..,"problem":..}],"plugins":[{"id":..,"version":..,..}],"skipped":[{"file":..,"reason":..}]}
std::string plugins_json(const kernel::Registry& registry);

/// {"config":..,"slots":[{"slot":..,"steps":..,"required":..,"plugins":[{"id":..,"named_at":..,"config":{..}}]}],"call":{..}}
std::string explain_json(const kernel::Resolved& resolved);

} // namespace jackfield::program
