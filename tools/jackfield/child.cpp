// A child process. See child.hpp.

#include "tools/jackfield/child.hpp"

#include "tools/jackfield/session.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <utility>

namespace jackfield::program {

Child::Child(const std::string& program, const std::vector<std::string>& arguments, const std::string& error_file)
{
    int ends[2] = {-1, -1};
    if (pipe2(ends, O_CLOEXEC) != 0)
        throw Stop(kInternal, "no pipe for a child process");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, error_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    std::vector<std::string> words{program};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (auto& word : words)
        argv.push_back(word.data());
    argv.push_back(nullptr);
    const int failed = posix_spawnp(&pid_, program.c_str(), &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    output_ = fdopen(ends[0], "r");
    if (failed != 0 || output_ == nullptr)
        throw Stop(kInternal, program + ": cannot be started");
}

Child::~Child()
{
    if (pid_ > 0) {
        kill();
        wait();
    }
    if (output_ != nullptr)
        std::fclose(output_);
}

std::optional<std::string> Child::line()
{
    char* text = nullptr;
    std::size_t room = 0;
    const auto size = getline(&text, &room, output_);
    std::optional<std::string> result;
    if (size > 0) {
        result = std::string(text, static_cast<std::size_t>(size));
        if (result->ends_with('\n'))
            result->pop_back();
    }
    std::free(text);
    return result;
}

void Child::interrupt()
{
    if (pid_ > 0)
        ::kill(pid_, SIGINT);
}

void Child::kill()
{
    if (pid_ > 0)
        ::kill(pid_, SIGKILL);
}

int Child::wait()
{
    int status = 0;
    const pid_t pid = std::exchange(pid_, -1);
    if (pid <= 0 || waitpid(pid, &status, 0) != pid)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

} // namespace jackfield::program
