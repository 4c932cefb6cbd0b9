// See sound_thread.hpp.

#include "sound_thread.hpp"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <limits>

namespace media_test {

namespace {

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

/// Frames that are due within the same step are made at its end, together.
constexpr std::int64_t kStepNs = 1'000'000;

} // namespace

SoundThread::~SoundThread()
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

void SoundThread::add(Track& track)
{
    if (!thread_.joinable())
        thread_ = std::thread([this] { run(); });
    {
        const std::lock_guard lock(mutex_);
        tracks_.push_back(&track);
    }
    changed_.notify_one();
}

void SoundThread::remove(Track& track)
{
    std::unique_lock lock(mutex_);
    track.leaves_ = true; // first: one that is always due would not let us in
    delivered_.wait(lock, [&] { return delivering_ != &track; });
    tracks_.remove(&track);
}

void SoundThread::run()
{
    pthread_setname_np(pthread_self(), "jf-audio-out");
    std::unique_lock lock(mutex_);
    while (!stop_) {
        const std::int64_t next_ns = deliver_what_is_due(lock);
        if (stop_)
            return;
        if (next_ns == kNever)
            changed_.wait(lock);
        else if (const auto left_ns = (next_ns + kStepNs - 1) / kStepNs * kStepNs - host_.now_ns(); left_ns > 0)
            changed_.wait_for(lock, std::chrono::nanoseconds(left_ns));
    }
}

/// When something is due again. A track stays in the list while it delivers, since `remove` waits for that.
std::int64_t SoundThread::deliver_what_is_due(std::unique_lock<std::mutex>& lock)
{
    std::int64_t next_ns = kNever;
    for (auto* track : tracks_) {
        if (!track->leaves_ && track->due_ns() <= host_.now_ns()) {
            delivering_ = track;
            lock.unlock();
            track->deliver();
            lock.lock();
            delivering_ = nullptr;
            delivered_.notify_all();
        }
        if (!track->leaves_)
            next_ns = std::min(next_ns, track->due_ns());
    }
    return next_ns;
}

} // namespace media_test
