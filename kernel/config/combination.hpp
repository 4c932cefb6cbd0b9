// Plugins that fit their slots one by one, and cannot make a call together.
//
// Threads: a plain function, any thread.

#pragma once

#include "kernel/config/resolve.hpp"

namespace jackfield::kernel {

/// Throws a Failure(JF_BAD_CONFIG) of four parts for a combination with which every call would fail, or with which
/// something that was asked for could never happen. The last part is the nearest combination that works.
void check_combination(const Resolved& resolved, const Registry& registry);

/// A secure channel that cannot stand on TCP: then no policy but "udp-only" has a meaning, and no TCP is tried.
void fit_control_policy(Resolved& resolved);

} // namespace jackfield::kernel
