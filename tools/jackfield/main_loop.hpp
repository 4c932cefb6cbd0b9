// What the main thread does while the node works: waits for signals, a deadline, a line of input, and posted work.
//
// SIGINT, SIGTERM and SIGHUP mean "end, please", and so does a reader of standard output that goes away. The second of
// them ends the process at once, whatever its threads are doing. One that comes before run is heard when run begins:
// somebody may know us already, and shall hear a goodbye. SIGUSR1 means "look at your configuration again", SIGTSTP
// (Ctrl-Z) stops the process with the terminal as it was.
//
// Threads:  construct it first of all, so that every later thread has the signals blocked; run on the main thread; post
//           and quit on any thread. A thread of its own waits for signals.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace jackfield::program {

class MainLoop {
public:
    MainLoop();
    MainLoop(const MainLoop&) = delete;
    MainLoop& operator=(const MainLoop&) = delete;
    ~MainLoop();

    /// Called once, when somebody wants us to end. Without it, run returns.
    std::function<void()> on_interrupt;

    /// Called on each SIGUSR1. Without it, nothing happens.
    std::function<void()> on_reload;

    /// What somebody typed on the terminal before a question is put is no answer to it. A program at the other end of a
    /// pipe may have its answers ready.
    void forget_typed();

    /// Called once with the next line of standard input, or with nothing if there is none any more.
    void ask_for_line(std::function<void(const std::optional<std::string>&)> answer);
    void forget_question() { answer_ = {}; }

    /// Called with what is typed, as it is typed; nothing any more with an empty function. A question comes first.
    void watch_keys(std::function<void(char)> key);

    /// Called once when the deadline has passed.
    void at(std::chrono::steady_clock::time_point deadline, std::function<void()> action);

    /// [any] Runs the task on the main thread.
    void post(std::function<void()> task);

    /// [any] Makes run return.
    void quit();

    void run();

    bool interrupted() const { return interrupted_; }

private:
    void wait_for_signals();
    void interrupt();
    void reload();
    int timeout_ms() const;
    void read_input();
    void stop_and_go_on();
    void take_line();
    void run_posted();

    int signal_fd_ = -1;
    int event_fd_ = -1;
    int stop_fd_ = -1;
    std::thread signal_thread_;
    bool watch_output_ = false;
    bool interrupted_ = false;
    std::function<void(const std::optional<std::string>&)> answer_;
    std::function<void(char)> key_;
    std::string input_;
    bool input_ended_ = false;
    std::optional<std::chrono::steady_clock::time_point> deadline_;
    std::function<void()> deadline_action_;
    std::mutex mutex_;
    std::vector<std::function<void()>> posted_; // guarded by mutex_
    bool quit_ = false;
};

} // namespace jackfield::program
