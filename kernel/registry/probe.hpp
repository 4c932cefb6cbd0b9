// Opening a library in a process of its own, to see what that does.
//
// Threads:  any; blocks until the process has ended, for `limit` at most.

#pragma once

#include <chrono>
#include <filesystem>
#include <string>

namespace jackfield::kernel {

/// Empty if the library can be opened, or if the loader refuses it (which opening it here says better, and safely).
/// Else what it did, in words that follow "it": "crashed (SIGSEGV) while it was being loaded".
std::string probe_library(const std::filesystem::path& program, const std::filesystem::path& library,
                          std::chrono::milliseconds limit);

/// Where one of our helping programs is ("jackfield-probe"): beside the program or the library that this code is in,
/// where `cmake --install` puts it, or in a build tree. Empty if nowhere.
std::filesystem::path find_helper(const std::string& name);
inline std::filesystem::path find_probe()
{
    return find_helper("jackfield-probe");
}

/// What became of a process, as waitpid says it: "crashed (SIGSEGV)", "ended the process (exit code 1)".
std::string how_it_ended(int wait_status);

} // namespace jackfield::kernel
