// See play_thread.hpp.

#include "kernel/media/play_thread.hpp"

#include "kernel/executor/instance_host.hpp"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

namespace jackfield::kernel {

namespace {
constexpr auto kNobodyIsDue = std::numeric_limits<std::int64_t>::max();
} // namespace

PlayThread::~PlayThread()
{
    if (!thread_.joinable())
        return;
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    changed_.notify_one();
    thread_.join();
}

/// Its node is made before the lock is taken: whoever wakes waits for a pointer at most.
void PlayThread::add(Player& player)
{
    if (!thread_.joinable())
        thread_ = std::thread([this] { run(); });
    std::list<Player*> node{&player};
    {
        const std::lock_guard lock(mutex_);
        players_.splice(players_.end(), node);
        player.there_ = true;
        player.due_ns_ = 0;
        woken_ = true;
    }
    changed_.notify_one();
}

void PlayThread::remove(Player& player)
{
    std::list<Player*> node; // freed after the lock is
    std::unique_lock lock(mutex_);
    player.there_ = false; // first: one that is always due would not let us in
    played_.wait(lock, [&] { return playing_ != &player; });
    const auto place = std::ranges::find(players_, &player);
    if (place != players_.end())
        node.splice(node.end(), players_, place);
    lock.unlock();
}

void PlayThread::wake(Player& player)
{
    {
        const std::lock_guard lock(mutex_);
        player.due_ns_ = 0;
        if (!player.there_ || std::exchange(woken_, true))
            return; // the thread has been woken for somebody, and has not looked yet
    }
    changed_.notify_one();
}

void PlayThread::run()
{
    pthread_setname_np(pthread_self(), "jf-media-in");
    std::unique_lock lock(mutex_);
    while (!stop_) {
        woken_ = false;
        const std::int64_t next_ns = play_what_is_due(lock);
        const auto woken = [this] { return woken_ || stop_; };
        if (next_ns == kNobodyIsDue)
            changed_.wait(lock, woken);
        else
            changed_.wait_until(lock, std::chrono::steady_clock::time_point(std::chrono::nanoseconds(next_ns)), woken);
    }
}

/// When somebody is due again. A player stays in the list while it plays, since `remove` waits for that.
std::int64_t PlayThread::play_what_is_due(std::unique_lock<std::mutex>& lock)
{
    std::int64_t next_ns = kNobodyIsDue;
    for (auto place = players_.begin(); place != players_.end(); ++place) {
        Player& player = **place;
        const std::int64_t now_ns = monotonic_ns();
        if (player.there_ && player.due_ns_ <= now_ns) {
            player.due_ns_ = kNobodyIsDue;
            playing_ = &player;
            lock.unlock();
            const std::int64_t due_ns = player.play(now_ns);
            lock.lock();
            playing_ = nullptr;
            played_.notify_all();
            player.due_ns_ = std::min(player.due_ns_, due_ns); // it may have been woken meanwhile
        }
        if (player.there_)
            next_ns = std::min(next_ns, player.due_ns_);
    }
    return next_ns;
}

} // namespace jackfield::kernel
