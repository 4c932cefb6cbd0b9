// A network of the test's own: a user and network namespace with nothing in it but a loopback.
//
// Threads: the test's, before it has others.

#pragma once

#include "tools/jackfield/child.hpp"

#include <gtest/gtest.h>

#include <sched.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

namespace scenarios {

/// True if the program ended with 0.
inline bool run(const std::string& program, const std::vector<std::string>& arguments)
{
    jackfield::program::Child child(program, arguments, "/dev/null");
    while (child.line()) {
    }
    return child.wait() == 0;
}

inline void write_file(const char* path, const std::string& text)
{
    std::ofstream(path) << text;
}

/// Empty if this process is now alone on a loopback of its own, else why that is not possible here. For good: every
/// test of this program runs in a process of its own.
inline std::string enter_namespace()
{
    if (::testing::UnitTest::GetInstance()->test_to_run_count() != 1)
        return "the tests behind this one need the network that is there";
    const auto uid = std::to_string(getuid());
    const auto gid = std::to_string(getgid());
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
        return "this kernel refuses user and network namespaces to users";
    write_file("/proc/self/setgroups", "deny");
    write_file("/proc/self/uid_map", "0 " + uid + " 1");
    write_file("/proc/self/gid_map", "0 " + gid + " 1");
    if (!run("ip", {"link", "set", "lo", "up"}))
        return "ip cannot bring up the loopback of a namespace";
    return {};
}

} // namespace scenarios
