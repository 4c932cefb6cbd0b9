// Compares what a library says of itself with its manifest and with the ABI, before any of its functions is called.
//
// Threads: a plain function, any thread. The entry is read, never written, and nothing of it is kept.

#pragma once

#include "kernel/registry/manifest.hpp"

#include <jackfield/abi/entry.h>

#include <string>

namespace jackfield::kernel {

/// Empty if the plugin may be used; else a sentence on the first difference.
std::string entry_problem(const jf_entry& entry, const Manifest& manifest);

} // namespace jackfield::kernel
