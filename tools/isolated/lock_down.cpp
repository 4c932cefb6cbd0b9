// What an isolated plugin may do. See lock_down.hpp.

#include "lock_down.hpp"

#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>

namespace jackfield::isolated {

namespace {

constexpr rlim_t kMostDescriptors = 256;

/// Memory, threads, waiting, time, and the descriptors that are open already.
constexpr const char* kAllowed[] = {
    "brk",
    "madvise",
    "mremap",
    "munmap",
    "mincore",
    "mlock",
    "munlock",
    "membarrier",
    "futex",
    "set_robust_list",
    "get_robust_list",
    "rseq",
    "set_tid_address",
    "exit",
    "exit_group",
    "gettid",
    "getpid",
    "getppid",
    "tgkill",
    "sched_yield",
    "sched_getaffinity",
    "sched_getparam",
    "sched_getscheduler",
    "sched_get_priority_max",
    "sched_get_priority_min",
    "getcpu",
    "restart_syscall",
    "arch_prctl",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "sigaltstack",
    "rt_sigtimedwait",
    "clock_gettime",
    "clock_getres",
    "clock_nanosleep",
    "nanosleep",
    "gettimeofday",
    "time",
    "getrandom",
    "times",
    "timerfd_create",
    "timerfd_settime",
    "timerfd_gettime",
    "eventfd2",
    "pipe2",
    "epoll_create1",
    "epoll_ctl",
    "epoll_wait",
    "epoll_pwait",
    "epoll_pwait2",
    "poll",
    "ppoll",
    "select",
    "pselect6",
    "read",
    "readv",
    "pread64",
    "write",
    "writev",
    "close",
    "lseek",
    "fstat",
    "dup",
    "fcntl",
    "ioctl",
    "sendmsg",
    "recvmsg",
    "sendto",
    "recvfrom",
    "shutdown",
    "uname",
    "sysinfo",
    "getuid",
    "geteuid",
    "getgid",
    "getegid",
    "getrlimit",
    "getrusage",
    "prlimit64",
    "prctl",
};

/// Finding files and looking at them, for the loader and for what a plugin reads when it is created.
constexpr const char* kAllowedWhileLoading[] = {"newfstatat", "stat",   "lstat",    "access",     "faccessat",
                                                "faccessat2", "statx",  "readlink", "readlinkat", "getcwd",
                                                "getdents64", "statfs", "fstatfs"};

class Filter {
public:
    Filter() : context_(seccomp_init(SCMP_ACT_ERRNO(EPERM)))
    {
        if (context_ == nullptr)
            throw std::runtime_error("seccomp_init failed");
        check(seccomp_attr_set(context_, SCMP_FLTATR_CTL_TSYNC, 1));
    }
    Filter(const Filter&) = delete;
    Filter& operator=(const Filter&) = delete;
    ~Filter() { seccomp_release(context_); }

    template <typename... Conditions>
    void allow(const char* name, Conditions... conditions)
    {
        const int number = seccomp_syscall_resolve_name(name);
        if (number >= 0) // else this kind of machine has no such call
            check(seccomp_rule_add(context_, SCMP_ACT_ALLOW, number, sizeof...(conditions), conditions...));
    }

    void refuse(const char* name, int error)
    {
        const int number = seccomp_syscall_resolve_name(name);
        if (number >= 0)
            check(seccomp_rule_add(context_, SCMP_ACT_ERRNO(static_cast<std::uint16_t>(error)), number, 0));
    }

    void load() { check(seccomp_load(context_)); }

private:
    static void check(int status)
    {
        if (status != 0)
            throw std::runtime_error(std::string("seccomp: ") + std::strerror(-status));
    }

    scmp_filter_ctx context_;
};

void set_limit(int what, rlim_t most)
{
    rlimit limit{};
    getrlimit(static_cast<__rlimit_resource_t>(what), &limit);
    limit.rlim_cur = std::min(limit.rlim_cur, most);
    limit.rlim_max = std::min(limit.rlim_max, most);
    setrlimit(static_cast<__rlimit_resource_t>(what), &limit);
}

void add_common(Filter& filter)
{
    for (const char* const name : kAllowed)
        filter.allow(name);
    // Threads, no processes. The flags of clone3 lie in memory, where a filter cannot look: the C library then takes
    // clone.
    filter.refuse("clone3", ENOSYS);
    filter.allow("clone", SCMP_A0_64(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
}

} // namespace

void before_loading()
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        throw std::runtime_error(std::string("no_new_privs: ") + std::strerror(errno));
    set_limit(RLIMIT_CORE, 0);
    set_limit(RLIMIT_NOFILE, kMostDescriptors);
    Filter filter;
    add_common(filter);
    for (const char* const name : kAllowedWhileLoading)
        filter.allow(name);
    filter.allow("openat", SCMP_A2_64(SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY));
    filter.allow("open", SCMP_A1_64(SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY));
    filter.allow("mmap");
    filter.allow("mprotect");
    filter.allow("seccomp"); // for the next one
    filter.load();
}

void after_creating()
{
    Filter filter;
    add_common(filter);
    filter.allow("newfstatat",
                 SCMP_A3_64(SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, AT_EMPTY_PATH)); // fstat, as the C library does it
    filter.allow("mmap", SCMP_A2_64(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    filter.allow("mprotect", SCMP_A2_64(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    filter.load();
}

} // namespace jackfield::isolated
