// The main thread's loop. See main_loop.hpp.

#include "tools/jackfield/main_loop.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <stdexcept>
#include <utility>

namespace jackfield::program {

MainLoop::MainLoop()
{
    sigset_t signals;
    sigemptyset(&signals);
    for (const int number : {SIGINT, SIGTERM, SIGHUP})
        sigaddset(&signals, number);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::signal(SIGPIPE, SIG_IGN); // a closed pipe is a failed write, not the end of a call
    signal_fd_ = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
    event_fd_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (signal_fd_ < 0 || event_fd_ < 0)
        throw std::runtime_error("no file descriptors left for signals and events");
}

MainLoop::~MainLoop()
{
    close(signal_fd_);
    close(event_fd_);
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
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = write(event_fd_, &one, sizeof(one));
}

void MainLoop::quit()
{
    post([this] { quit_ = true; });
}

void MainLoop::run()
{
    while (!quit_) {
        std::array<pollfd, 3> waiting{{{signal_fd_, POLLIN, 0}, {event_fd_, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}}};
        const nfds_t count = on_line && input_open_ ? 3 : 2;
        poll(waiting.data(), count, timeout_ms());
        if (waiting[0].revents != 0)
            read_signals();
        if (waiting[1].revents != 0)
            run_posted();
        if (count == 3 && waiting[2].revents != 0)
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

void MainLoop::read_signals()
{
    signalfd_siginfo info{};
    while (read(signal_fd_, &info, sizeof(info)) == sizeof(info)) {
        if (++interrupts_ > 1)
            quit_ = true; // who asks twice does not want to wait for goodbyes
        else if (on_interrupt)
            on_interrupt();
        else
            quit_ = true;
    }
}

void MainLoop::read_input()
{
    std::array<char, 256> piece{};
    const auto size = read(STDIN_FILENO, piece.data(), piece.size());
    if (size <= 0) {
        input_open_ = false;
        return;
    }
    input_.append(piece.data(), static_cast<std::size_t>(size));
    for (auto end = input_.find('\n'); end != std::string::npos; end = input_.find('\n')) {
        const std::string line = input_.substr(0, end);
        input_.erase(0, end + 1);
        on_line(line);
    }
    if (input_.size() > 4096)
        input_.clear();
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

} // namespace jackfield::program
