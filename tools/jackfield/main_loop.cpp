// The main thread's loop. See main_loop.hpp.

#include "tools/jackfield/main_loop.hpp"

#include "tools/jackfield/exit_code.hpp"
#include "tools/jackfield/raw_terminal.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace jackfield::program {

namespace {

constexpr std::size_t kMaxLineBytes = 4096;

/// Whether poll can say that nobody reads there any more.
bool has_reader(int descriptor)
{
    struct stat kind{};
    return fstat(descriptor, &kind) == 0 && (S_ISFIFO(kind.st_mode) || S_ISSOCK(kind.st_mode));
}

[[noreturn]] void end_at_once()
{
    RawTerminal::restore();
    _exit(kInterrupted);
}

void ring(int event_fd)
{
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = write(event_fd, &one, sizeof(one));
}

} // namespace

MainLoop::MainLoop() : watch_output_(has_reader(STDOUT_FILENO))
{
    sigset_t signals;
    sigemptyset(&signals);
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGTSTP})
        sigaddset(&signals, number);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::signal(SIGPIPE, SIG_IGN); // a closed pipe is a failed write, not the end of a call
    for (const int number : {SIGTTIN, SIGTTOU})
        std::signal(number, SIG_IGN); // a listener in the background goes on, even if it cannot ask
    signal_fd_ = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
    event_fd_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    stop_fd_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (signal_fd_ < 0 || event_fd_ < 0 || stop_fd_ < 0)
        throw std::runtime_error("no file descriptors left for signals and events");
    signal_thread_ = std::thread([this] { wait_for_signals(); });
}

MainLoop::~MainLoop()
{
    RawTerminal::end();
    ring(stop_fd_);
    signal_thread_.join();
    close(signal_fd_);
    close(event_fd_);
    close(stop_fd_);
}

/// The main thread may be busy, or stuck: who asks twice does not want to wait for goodbyes.
void MainLoop::wait_for_signals()
{
    int count = 0;
    for (;;) {
        std::array<pollfd, 2> waiting{{{signal_fd_, POLLIN, 0}, {stop_fd_, POLLIN, 0}}};
        poll(waiting.data(), waiting.size(), -1);
        if (waiting[1].revents != 0)
            return;
        signalfd_siginfo info{};
        while (read(signal_fd_, &info, sizeof(info)) == sizeof(info)) {
            const std::lock_guard lock(mutex_);
            if (info.ssi_signo == SIGUSR1)
                posted_.emplace_back([this] { reload(); });
            else if (info.ssi_signo == SIGTSTP)
                posted_.emplace_back([this] { stop_and_go_on(); });
            else if (++count > 1)
                end_at_once();
            else
                posted_.emplace_back([this] { interrupt(); });
            ring(event_fd_);
        }
    }
}

void MainLoop::interrupt()
{
    if (std::exchange(interrupted_, true))
        return;
    if (on_interrupt)
        on_interrupt();
    else
        quit_ = true;
}

/// The shell gets its terminal back, and we the keys when it lets us go on.
void MainLoop::stop_and_go_on()
{
    RawTerminal::restore();
    std::raise(SIGSTOP);
    RawTerminal::begin_again();
}

void MainLoop::reload()
{
    if (on_reload && !interrupted_)
        on_reload();
}

void MainLoop::at(std::chrono::steady_clock::time_point deadline, std::function<void()> action)
{
    deadline_ = deadline;
    deadline_action_ = std::move(action);
}

void MainLoop::post(std::function<void()> task)
{
    {
        const std::lock_guard lock(mutex_);
        posted_.push_back(std::move(task));
    }
    ring(event_fd_);
}

void MainLoop::quit()
{
    post([this] { quit_ = true; });
}

void MainLoop::run()
{
    while (!quit_) {
        // A negative descriptor is passed over.
        std::array<pollfd, 3> waiting{{{event_fd_, POLLIN, 0},
                                       {watch_output_ ? STDOUT_FILENO : -1, 0, 0},
                                       {(answer_ || key_) && !input_ended_ ? STDIN_FILENO : -1, POLLIN, 0}}};
        poll(waiting.data(), waiting.size(), timeout_ms());
        if (waiting[0].revents != 0)
            run_posted();
        if (waiting[1].revents != 0) {
            watch_output_ = false;
            interrupt();
        }
        if (waiting[2].revents != 0 && (answer_ || key_))
            read_input();
        if (deadline_ && std::chrono::steady_clock::now() >= *deadline_) {
            deadline_.reset();
            std::exchange(deadline_action_, {})();
        }
    }
}

int MainLoop::timeout_ms() const
{
    if (!deadline_)
        return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline_ - std::chrono::steady_clock::now());
    return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1'000'000));
}

void MainLoop::run_posted()
{
    std::uint64_t count = 0;
    [[maybe_unused]] const auto got = read(event_fd_, &count, sizeof(count));
    std::vector<std::function<void()>> tasks;
    {
        const std::lock_guard lock(mutex_);
        tasks.swap(posted_);
    }
    for (const auto& task : tasks)
        task();
}

// --- input ----------------------------------------------------------------------------------------------------------

void MainLoop::forget_typed()
{
    if (isatty(STDIN_FILENO) == 0)
        return;
    tcflush(STDIN_FILENO, TCIFLUSH);
    input_.clear();
}

/// Input is read while there is a question and not otherwise: who pipes answers to us must find them unread.
void MainLoop::ask_for_line(std::function<void(const std::optional<std::string>&)> answer)
{
    answer_ = std::move(answer);
    take_line();
}

void MainLoop::read_input()
{
    std::array<char, 256> piece{};
    const auto size = read(STDIN_FILENO, piece.data(), piece.size());
    if (size > 0)
        input_.append(piece.data(), static_cast<std::size_t>(size));
    else
        input_ended_ = true;
    if (answer_)
        return take_line();
    for (const char key : std::exchange(input_, {})) {
        if (const auto watcher = key_) // a copy: it may end the watching
            watcher(key);
    }
}

void MainLoop::watch_keys(std::function<void(char)> key)
{
    key_ = std::move(key);
}

void MainLoop::take_line()
{
    if (const auto end = input_.find('\n'); end != std::string::npos) {
        const std::string line = input_.substr(0, end);
        input_.erase(0, end + 1);
        std::exchange(answer_, {})(line);
    } else if (input_ended_) {
        std::exchange(answer_, {})(std::nullopt);
    } else if (input_.size() > kMaxLineBytes) {
        input_.clear(); // no line at all
    }
}

} // namespace jackfield::program
