// The thread on which holes are punched and what comes through them is carried.
//
// Threads: constructed and destroyed on the control thread. Lifetime: outlives all Punchers; the destructor waits for
// streams to run dry, for two seconds at most.
#pragma once

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>

#include <thread>

namespace jackfield::ice {

class PunchThread {
public:
    PunchThread() : work_(asio::make_work_guard(context_)), thread_([this] { context_.run(); }) {}
    PunchThread(const PunchThread&) = delete;
    PunchThread& operator=(const PunchThread&) = delete;
    ~PunchThread()
    {
        work_.reset();
        thread_.join();
    }

    asio::io_context& context() { return context_; }

private:
    asio::io_context context_{1};
    asio::executor_work_guard<asio::io_context::executor_type> work_;
    std::thread thread_;
};

} // namespace jackfield::ice
