// The thread that works with the store of texts. See keeper.hpp.

#include "kernel/texts/keeper.hpp"

#include <pthread.h>

namespace jackfield::kernel {

Keeper::Keeper(ControlThread& control, const TextSettings& settings, bool at_once)
    : control_(control), store_(settings), at_once_(at_once)
{
    if (!at_once_)
        thread_ = std::thread([this] {
            pthread_setname_np(pthread_self(), "jf-texts");
            work();
        });
}

Keeper::~Keeper()
{
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
    }
    more_.notify_one();
    if (thread_.joinable())
        thread_.join();
}

void Keeper::add(std::function<void()> piece)
{
    if (at_once_)
        return piece();
    {
        const std::lock_guard lock(mutex_);
        pieces_.push_back(std::move(piece));
    }
    more_.notify_one();
}

void Keeper::work()
{
    std::unique_lock lock(mutex_);
    for (;;) {
        more_.wait(lock, [this] { return ending_ || !pieces_.empty(); });
        if (pieces_.empty())
            return;
        const auto piece = std::move(pieces_.front());
        pieces_.pop_front();
        lock.unlock();
        piece();
        lock.lock();
    }
}

} // namespace jackfield::kernel
