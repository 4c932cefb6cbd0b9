// The ffmpeg program as an independent peer and as a maker of files.
//
// Threads: the test's. Lifetime: a program still running when its object goes away is killed and waited for.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace jackfield::testing {

class FfmpegProgram {
public:
    static bool installed()
    {
        const char* path = std::getenv("PATH");
        std::string rest = path != nullptr ? path : "/usr/bin";
        while (!rest.empty()) {
            const auto end = rest.find(':');
            if (::access((rest.substr(0, end) + "/ffmpeg").c_str(), X_OK) == 0)
                return true;
            rest = end == std::string::npos ? "" : rest.substr(end + 1);
        }
        return false;
    }

    /// Starts it; what it has to say goes to the file `log`.
    FfmpegProgram(std::vector<std::string> arguments, const std::filesystem::path& log)
    {
        arguments.insert(arguments.begin(), {"ffmpeg", "-hide_banner", "-nostdin", "-loglevel", "warning", "-y"});
        std::vector<char*> raw;
        for (auto& argument : arguments)
            raw.push_back(argument.data());
        raw.push_back(nullptr);
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, 2, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
        posix_spawn_file_actions_adddup2(&actions, 2, 1);
        const int error = posix_spawnp(&pid_, "ffmpeg", &actions, nullptr, raw.data(), environ);
        posix_spawn_file_actions_destroy(&actions);
        if (error != 0)
            throw std::runtime_error("ffmpeg does not start");
        end_ = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
    }
    FfmpegProgram(const FfmpegProgram&) = delete;
    FfmpegProgram& operator=(const FfmpegProgram&) = delete;
    ~FfmpegProgram()
    {
        if (!exit_code_) {
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, nullptr, 0);
        }
        ::close(end_);
    }

    /// Its exit code, if it ends within that time.
    std::optional<int> wait(std::chrono::milliseconds time)
    {
        if (exit_code_)
            return exit_code_;
        pollfd ended{end_, POLLIN, 0};
        if (::poll(&ended, 1, static_cast<int>(time.count())) == 1) {
            int status = 0;
            ::waitpid(pid_, &status, 0);
            exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        }
        return exit_code_;
    }

private:
    pid_t pid_ = 0;
    int end_ = -1; // readable once it has ended
    std::optional<int> exit_code_;
};

} // namespace jackfield::testing
