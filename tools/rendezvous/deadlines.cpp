// Ends what takes too long. See deadlines.hpp.
#include "tools/rendezvous/deadlines.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <utility>

namespace jackfield::rendezvous {

namespace {
constexpr auto kNever = std::chrono::steady_clock::time_point::max();
} // namespace

Deadlines::Deadlines() : thread_([this] { watch(); })
{}

Deadlines::~Deadlines()
{
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

Deadlines::Line::iterator Deadlines::arm(int descriptor, std::chrono::milliseconds time)
{
    const std::lock_guard lock(mutex_);
    const auto at = line_.emplace(std::chrono::steady_clock::now() + std::min(time, longest_), Watched{descriptor});
    if (at == line_.begin())
        changed_.notify_all();
    return at;
}

void Deadlines::disarm(Line::iterator at)
{
    const std::lock_guard lock(mutex_);
    line_.erase(at);
}

void Deadlines::hurry(std::chrono::milliseconds time)
{
    const std::lock_guard lock(mutex_);
    longest_ = time;
    const auto latest = std::chrono::steady_clock::now() + time;
    for (auto at = line_.upper_bound(latest); at != line_.end();) {
        auto late = line_.extract(at++); // a guard's iterator stays good
        late.key() = latest;
        line_.insert(std::move(late));
    }
    changed_.notify_all();
}

void Deadlines::watch()
{
    std::unique_lock lock(mutex_);
    while (!stop_) {
        const auto now = std::chrono::steady_clock::now();
        auto next = kNever;
        for (auto at = line_.begin(); at != line_.end(); ++at) {
            if (at->first > now) {
                next = at->first;
                break;
            }
            if (!std::exchange(at->second.expired, true))
                ::shutdown(at->second.descriptor, SHUT_RDWR);
        }
        if (next == kNever)
            changed_.wait(lock);
        else
            changed_.wait_until(lock, next);
    }
}

} // namespace jackfield::rendezvous
