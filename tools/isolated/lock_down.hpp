// Takes away from this process what an isolated plugin does not need, by seccomp(2). There is no way back.
//
// Threads:  all of the process at once.

#pragma once

namespace jackfield::isolated {

/// No new privileges, no core file, few descriptors; no sockets, no other processes, no writing of files. What is not
/// allowed fails with EPERM. Throws std::runtime_error.
void before_loading();
/// Beyond that: no file is opened any more, no memory becomes code.
void after_creating();

} // namespace jackfield::isolated
