// What the main thread does while the node works: waits for signals, a deadline, a line of input, and posted work.
//
// Threads:  construct it first of all, so that every later thread has the signals blocked; run on the main thread; post
// and
//           quit on any thread.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace jackfield::program {

class MainLoop {
public:
    MainLoop();
    MainLoop(const MainLoop&) = delete;
    MainLoop& operator=(const MainLoop&) = delete;
    ~MainLoop();

    /// Called for SIGINT, SIGTERM and SIGHUP, on the main thread. The second of them ends run at once.
    std::function<void()> on_interrupt;

    /// Called with each line of standard input, if set before run.
    std::function<void(const std::string&)> on_line;

    /// Called once when the deadline has passed.
    void at(std::chrono::steady_clock::time_point deadline, std::function<void()> action);

    /// [any] Runs the task on the main thread.
    void post(std::function<void()> task);

    /// [any] Makes run return.
    void quit();

    void run();

    bool interrupted() const { return interrupts_ > 0; }

private:
    int timeout_ms() const;
    void read_signals();
    void read_input();
    void run_posted();

    int signal_fd_ = -1;
    int event_fd_ = -1;
    int interrupts_ = 0;
    bool input_open_ = true;
    std::string input_;
    std::optional<std::chrono::steady_clock::time_point> deadline_;
    std::function<void()> deadline_action_;
    std::mutex mutex_;
    std::vector<std::function<void()>> posted_;
    bool quit_ = false;
};

} // namespace jackfield::program
