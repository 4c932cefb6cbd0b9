// One child process. See probe.hpp.

#include "kernel/registry/probe.hpp"

#include <fmt/format.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

namespace jackfield::kernel {

namespace {

using Clock = std::chrono::steady_clock;

/// A running probe: its process, and what it says.
class Probe {
public:
    Probe(const std::string& program, std::string library)
    {
        int ends[2] = {-1, -1};
        if (pipe2(ends, O_CLOEXEC) != 0)
            return;
        output_ = ends[0];
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
        std::string name = "jackfield-probe";
        std::array<char*, 3> words{name.data(), library.data(), nullptr};
        if (posix_spawn(&pid_, program.c_str(), &actions, nullptr, words.data(), environ) != 0)
            pid_ = -1;
        posix_spawn_file_actions_destroy(&actions);
        close(ends[1]);
    }
    Probe(const Probe&) = delete;
    Probe& operator=(const Probe&) = delete;
    ~Probe()
    {
        if (pid_ > 0)
            end();
        if (output_ >= 0)
            close(output_);
    }

    bool runs() const { return pid_ > 0; }

    /// Until it has said so much, or has closed its output; false if the time was over before.
    bool hear(Clock::time_point deadline)
    {
        while (heard_.find('\n') == std::string::npos) {
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
            pollfd waiting{output_, POLLIN, 0};
            const int ready = left.count() > 0 ? poll(&waiting, 1, static_cast<int>(left.count())) : 0;
            if (ready < 0 && errno == EINTR)
                continue;
            if (ready <= 0)
                return false;
            std::array<char, 64> part{};
            const ssize_t size = read(output_, part.data(), part.size());
            if (size <= 0)
                return true;
            heard_.append(part.data(), static_cast<std::size_t>(size));
            if (heard_.size() > kMostSaid)
                return true;
        }
        return true;
    }

    /// It has come through, whatever the answer.
    bool answered() const { return heard_ == "loaded\n" || heard_ == "refused\n"; }

    /// As waitpid says it; 0 if somebody else in this process has collected it. `killed`: it must not go on.
    int end(bool killed = true)
    {
        if (killed)
            kill(pid_, SIGKILL);
        int status = 0;
        while (waitpid(std::exchange(pid_, -1), &status, 0) < 0 && errno == EINTR) {
        }
        return status;
    }

private:
    static constexpr std::size_t kMostSaid = 4096;

    pid_t pid_ = -1;
    int output_ = -1;
    std::string heard_;
};

} // namespace

std::string probe_library(const std::filesystem::path& program, const std::filesystem::path& library,
                          std::chrono::milliseconds limit)
{
    std::error_code ignored;
    Probe probe(program.string(), std::filesystem::absolute(library, ignored).string());
    if (!probe.runs())
        return {};
    if (!probe.hear(Clock::now() + limit))
        return fmt::format("was not loaded within {} s", std::chrono::duration<double>(limit).count());
    if (probe.answered())
        return {};
    return how_it_ended(probe.end(false)) + " while it was being loaded";
}

std::string how_it_ended(int wait_status)
{
    if (WIFSIGNALED(wait_status)) {
        const char* const name = sigabbrev_np(WTERMSIG(wait_status));
        return fmt::format("crashed (SIG{})", name != nullptr ? name : "?");
    }
    return fmt::format("ended the process (exit code {})", WEXITSTATUS(wait_status));
}

std::filesystem::path find_helper(const std::string& name)
{
    std::error_code failed;
    std::vector<std::filesystem::path> folders;
    if (const auto program = std::filesystem::read_symlink("/proc/self/exe", failed); !failed)
        folders.push_back(program.parent_path());
    Dl_info ours{};
    if (dladdr(reinterpret_cast<const void*>(&how_it_ended), &ours) != 0 && ours.dli_fname != nullptr) {
        const auto code =
            std::filesystem::canonical(ours.dli_fname, failed); // a library of ours, in a program of others
        if (!failed)
            folders.push_back(code.parent_path());
    }
    for (const auto& folder : folders) {
        for (const auto* const place : {"", "../bin", "../libexec/jackfield", "../../libexec/jackfield"}) {
            if (auto found = (folder / place / name).lexically_normal(); access(found.c_str(), X_OK) == 0)
                return found;
        }
    }
    return {};
}

} // namespace jackfield::kernel
