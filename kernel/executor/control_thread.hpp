// The one control thread of a node: everything but media happens here, one task at a time.
//
// Threads:  post on any thread; run it on its own thread by start, or on the caller's by run_until_stopped.
// Lifetime: outlives every instance of the node; tasks still queued when it goes away are destroyed without running.

#pragma once

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include <atomic>
#include <thread>
#include <utility>

namespace jackfield::kernel {

class ControlThread {
public:
    ControlThread();
    ControlThread(const ControlThread&) = delete;
    ControlThread& operator=(const ControlThread&) = delete;
    ~ControlThread();

    /// Runs the tasks on a thread of its own from now on.
    void start();

    /// [any] Returns from the running thread once the current task is done; joins it unless called on it.
    void stop();

    template <typename Task>
    void post(Task&& task)
    {
        asio::post(context_, std::forward<Task>(task));
    }

    bool is_current() const { return std::this_thread::get_id() == id_.load(std::memory_order_relaxed); }

    asio::io_context& context() { return context_; }

private:
    asio::io_context context_{1};
    asio::executor_work_guard<asio::io_context::executor_type> work_;
    std::atomic<std::thread::id> id_{};
    std::thread thread_;
};

} // namespace jackfield::kernel
