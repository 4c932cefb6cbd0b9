// The one control thread of a node. See control_thread.hpp.

#include "kernel/executor/control_thread.hpp"

#include <pthread.h>

namespace jackfield::kernel {

ControlThread::ControlThread() : work_(asio::make_work_guard(context_))
{}

ControlThread::~ControlThread()
{
    stop();
}

void ControlThread::start()
{
    thread_ = std::thread([this] {
        id_.store(std::this_thread::get_id(), std::memory_order_relaxed);
        pthread_setname_np(pthread_self(), "jf-control");
        context_.run();
    });
}

void ControlThread::stop()
{
    context_.stop();
    if (thread_.joinable() && !is_current())
        thread_.join();
}

} // namespace jackfield::kernel
