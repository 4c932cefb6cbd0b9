// A thread for the sockets of an instance.
//
// Threads: constructed and destroyed on the control thread. Lifetime: the destructor waits until nothing is under way
// any more; whoever keeps something under way has a limit of its own for it.
#pragma once

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>

#include <thread>

namespace shared_asio {

class IoThread {
public:
    IoThread() : work_(asio::make_work_guard(context_)), thread_([this] { context_.run(); }) {}
    IoThread(const IoThread&) = delete;
    IoThread& operator=(const IoThread&) = delete;
    ~IoThread()
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

} // namespace shared_asio
