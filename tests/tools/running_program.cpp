// The program as its users run it. See running_program.hpp.

#include "tests/tools/running_program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace jackfield::test {

namespace {

const std::string kProgram = JACKFIELD_BINARY_DIR "/bin/jackfield";

std::array<int, 2> new_pipe()
{
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0)
        throw std::runtime_error("no pipe");
    return ends;
}

/// Everything a child needs, made before the fork.
struct Image {
    Image(const std::vector<std::string>& arguments, const How& how) : words{kProgram}
    {
        words.insert(words.end(), arguments.begin(), arguments.end());
        auto all = how.environment;
        for (char** one = environ; *one != nullptr; ++one) {
            const std::string text = *one;
            all.emplace(text.substr(0, text.find('=')), text.substr(text.find('=') + 1));
        }
        for (const auto& [name, value] : all)
            variables.push_back(name + "=" + value);
        for (auto& word : words)
            argv.push_back(word.data());
        for (auto& variable : variables)
            envp.push_back(variable.data());
        argv.push_back(nullptr);
        envp.push_back(nullptr);
    }

    [[noreturn]] void run()
    {
        execve(argv[0], argv.data(), envp.data());
        _exit(127);
    }

    std::vector<std::string> words;
    std::vector<std::string> variables;
    std::vector<char*> argv;
    std::vector<char*> envp;
};

} // namespace

bool gives_terminals()
{
    int master = -1;
    int slave = -1;
    if (openpty(&master, &slave, nullptr, nullptr, nullptr) != 0)
        return false;
    close(master);
    close(slave);
    return true;
}

RunningProgram::RunningProgram(const std::vector<std::string>& arguments, const How& how)
{
    std::signal(SIGPIPE, SIG_IGN); // the program may not read what we type
    if (how.terminal)
        start_with_terminal(arguments, how);
    else
        start_with_pipes(arguments, how);
}

void RunningProgram::start_with_pipes(const std::vector<std::string>& arguments, const How& how)
{
    Image image(arguments, how);
    const auto in = new_pipe();
    auto out = new_pipe();
    const auto err = new_pipe();
    if (!how.out.empty()) {
        close(out[1]);
        out[1] = open(how.out.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    }
    pid_ = fork();
    if (pid_ == 0) {
        std::signal(SIGPIPE, SIG_DFL);
        dup2(in[0], STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        dup2(err[1], STDERR_FILENO);
        for (const int descriptor : how.closed)
            close(descriptor);
        image.run();
    }
    close(in[0]);
    close(out[1]);
    close(err[1]);
    input_ = in[1];
    streams_[0].descriptor = out[0];
    streams_[1].descriptor = err[0];
}

void RunningProgram::start_with_terminal(const std::vector<std::string>& arguments, const How& how)
{
    Image image(arguments, how);
    int master = -1;
    pid_ = forkpty(&master, nullptr, nullptr, nullptr);
    if (pid_ == 0) {
        std::signal(SIGPIPE, SIG_DFL);
        image.run();
    }
    if (pid_ < 0)
        throw std::runtime_error("no terminal");
    fcntl(master, F_SETFD, FD_CLOEXEC);
    streams_[0].descriptor = master;
    input_ = fcntl(master, F_DUPFD_CLOEXEC, 0);
}

RunningProgram::~RunningProgram()
{
    if (pid_ > 0) {
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
    }
    shut(input_);
    for (auto& stream : streams_)
        shut(stream.descriptor);
}

void RunningProgram::shut(int& descriptor)
{
    if (descriptor >= 0)
        close(descriptor);
    descriptor = -1;
}

/// False if both streams have ended, or time is over.
bool RunningProgram::read_some(std::chrono::steady_clock::time_point deadline)
{
    std::array<pollfd, 2> waiting{{{streams_[0].descriptor, POLLIN, 0}, {streams_[1].descriptor, POLLIN, 0}}};
    if (waiting[0].fd < 0 && waiting[1].fd < 0)
        return false;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0 || poll(waiting.data(), waiting.size(), static_cast<int>(left.count())) <= 0)
        return false;
    for (std::size_t i = 0; i < waiting.size(); ++i) {
        if (waiting[i].revents == 0)
            continue;
        std::array<char, 4096> piece{};
        const auto size = read(waiting[i].fd, piece.data(), piece.size());
        if (size > 0)
            streams_[i].text.append(piece.data(), static_cast<std::size_t>(size));
        else
            shut(streams_[i].descriptor); // a terminal whose program has ended answers EIO
    }
    return true;
}

bool RunningProgram::says(const std::string& text, int times)
{
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    const auto said = [&] {
        int count = 0;
        for (const auto& stream : streams_) {
            for (auto at = stream.text.find(text); at != std::string::npos; at = stream.text.find(text, at + 1))
                ++count;
        }
        return count >= times;
    };
    while (!said()) {
        if (!read_some(deadline))
            return said();
    }
    return true;
}

void RunningProgram::type(const std::string& text)
{
    [[maybe_unused]] const auto written = write(input_, text.data(), text.size());
}

void RunningProgram::end_input()
{
    shut(input_);
}

void RunningProgram::stop_reading_output()
{
    shut(streams_[0].descriptor);
}

void RunningProgram::stop_reading_errors()
{
    shut(streams_[1].descriptor);
}

void RunningProgram::signal(int number) const
{
    kill(pid_, number);
}

int RunningProgram::exit_code(std::chrono::milliseconds limit)
{
    const auto deadline = std::chrono::steady_clock::now() + limit;
    const int process = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
    pollfd ended{process, POLLIN, 0};
    while (read_some(deadline)) {
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    const bool over = poll(&ended, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0))) > 0;
    close(process);
    if (!over)
        return -1;
    int status = 0;
    waitpid(std::exchange(pid_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

Ran run(const std::vector<std::string>& arguments, const How& how)
{
    RunningProgram program(arguments, how);
    program.end_input();
    const int code = program.exit_code();
    return {code, program.out(), program.err()};
}

} // namespace jackfield::test
