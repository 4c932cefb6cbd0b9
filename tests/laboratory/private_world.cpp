// A private world. See private_world.hpp.

#include "private_world.hpp"

#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>

namespace laboratory {

namespace {

std::string refusal = "no private world was entered"; // before there are threads

void write_file(const char* path, const std::string& text)
{
    std::ofstream(path) << text;
}

/// Ends as that child does.
[[noreturn]] void end_with(pid_t child)
{
    int status = 0;
    for (;;) {
        const pid_t ended = waitpid(-1, &status, 0); // the first process inherits orphans
        if (ended == child || ended < 0)
            break;
    }
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

/// A child that dies with its parent; 0 in the child.
pid_t fork_bound()
{
    const pid_t parent = getpid();
    const pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(1); // it has died already
    }
    return child;
}

/// Like fork, into namespaces of the child's own, of whose processes it is the first. Not unshare: that is refused to
/// programs that have threads, and ThreadSanitizer begins one in each.
pid_t fork_apart()
{
    const auto uid = std::to_string(getuid());
    const auto gid = std::to_string(getgid());
    std::fflush(nullptr);
    const auto child = static_cast<pid_t>(
        syscall(SYS_clone, CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWPID | SIGCHLD, nullptr, nullptr, nullptr, nullptr));
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        write_file("/proc/self/setgroups", "deny");
        write_file("/proc/self/uid_map", "0 " + uid + " 1");
        write_file("/proc/self/gid_map", "0 " + gid + " 1");
    }
    return child;
}

/// Whether it can be done at all is tried by a process that is not missed.
bool possible()
{
    const pid_t child = fork_apart();
    if (child == 0)
        _exit(access("/dev/net/tun", R_OK | W_OK) == 0 ? 0 : 1);
    int status = 0;
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

} // namespace

const std::string& why_no_world()
{
    return refusal;
}

std::string enter_private_world()
{
    if (!possible())
        return refusal = "this kernel refuses namespaces or /dev/net/tun to users";
    if (const pid_t first = fork_apart(); first != 0)
        end_with(first);
    if (const pid_t program = fork_bound(); program != 0)
        end_with(program);
    refusal.clear();
    return {};
}

} // namespace laboratory
