// For sources that pace their frames: one clock for the kinds of a source, and what happens to frames that are late.
//
// Threads: SourceClock: begin on control, the rest on the threads of the tracks, at the same time. SourcePace: stop on
// control, the rest on the thread that makes the frames.
// Lifetime: the clock is shared by the tracks of a source; a pace belongs to one track.
#pragma once

#include <jackfield/host.hpp>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

namespace jackfield {

/// When the frames of one source are due. Its kinds share it, so that sound and picture stay together.
class SourceClock {
public:
    /// Whichever kind starts first sets the clock of both.
    void begin(std::int64_t now_ns)
    {
        std::int64_t unset = 0;
        start_ns_.compare_exchange_strong(unset, now_ns);
    }

    std::int64_t due_ns(std::int64_t media_ns) const { return start_ns_ + media_ns; }

    /// If what stands at `media_ns` is later than `most_ns`, everything from here on is due later by as much, which is
    /// returned. Two tracks that were held up at the same time do that once.
    std::int64_t give_way(std::int64_t media_ns, std::int64_t now_ns, std::int64_t most_ns)
    {
        std::int64_t start_ns = start_ns_;
        while (now_ns - (start_ns + media_ns) > most_ns) {
            if (start_ns_.compare_exchange_weak(start_ns, now_ns - media_ns))
                return now_ns - media_ns - start_ns;
        }
        return 0;
    }

private:
    std::atomic<std::int64_t> start_ns_{0}; // host clock; 0: not started
};

/// Holds the frames of one kind back until they are due.
class SourcePace {
public:
    static constexpr std::int64_t kMostBehindNs = 200'000'000; // a burst of more than this would only hurt the receiver
    static constexpr std::int64_t kSlowestNs = 1'000'000'000;  // pictures: from here on the source plays slower
    static constexpr std::int64_t kLongestStillNs = 500'000'000; // pictures: one at least this often, however late

    SourcePace(Host host, std::shared_ptr<SourceClock> clock, bool pictures, bool realtime)
        : host_(host), clock_(std::move(clock)), pictures_(pictures), realtime_(realtime)
    {}
    SourcePace(const SourcePace&) = delete;
    SourcePace& operator=(const SourcePace&) = delete;

    /// Whether the picture of that time is worth making: those that are late already are left out before they cost
    /// more. Sound never is.
    bool wanted(std::int64_t media_ns)
    {
        const std::int64_t behind_ns = host_.now_ns() - clock_->due_ns(media_ns);
        const bool wanted = !realtime_ || behind_ns <= kMostBehindNs || behind_ns > kSlowestNs ||
                            media_ns - last_shown_ns_ >= kLongestStillNs;
        left_out_ += wanted ? 0 : 1;
        return wanted;
    }

    /// Until the frame of that time is due. False if it was stopped meanwhile.
    bool wait(std::int64_t media_ns)
    {
        if (realtime_)
            slower_ns_ += clock_->give_way(media_ns, host_.now_ns(), pictures_ ? kSlowestNs : kMostBehindNs);
        std::unique_lock lock(mutex_);
        while (!stopped_) {
            const std::int64_t left_ns = realtime_ ? clock_->due_ns(media_ns) - host_.now_ns() : 0;
            if (left_ns <= 0)
                return true;
            changed_.wait_for(lock, std::chrono::nanoseconds(left_ns));
        }
        return false;
    }

    /// For one who makes the frames of many sources: when the frame of that time is due, by the host's clock.
    std::int64_t due_ns(std::int64_t media_ns)
    {
        if (!realtime_)
            return host_.now_ns();
        slower_ns_ += clock_->give_way(media_ns, host_.now_ns(), pictures_ ? kSlowestNs : kMostBehindNs);
        return clock_->due_ns(media_ns);
    }

    /// The frame of that time has been handed on.
    void delivered(std::int64_t media_ns)
    {
        ++delivered_;
        last_shown_ns_ = media_ns;
    }

    void stop()
    {
        {
            const std::lock_guard lock(mutex_);
            stopped_ = true;
        }
        changed_.notify_all();
    }

    /// At the end: says in the log what was left out, if anything was.
    void tell_lateness() const
    {
        if (left_out_ == 0 && slower_ns_ == 0)
            return;
        host_.info(std::string(pictures_ ? "pictures" : "sound") + ": " + std::to_string(delivered_) +
                   " frames sent, at least " + std::to_string(left_out_) + " left out, and " +
                   std::to_string(slower_ns_ / 1'000'000) +
                   " ms waited for, because this machine was too slow for them");
    }

private:
    Host host_;
    std::shared_ptr<SourceClock> clock_; // the other track's as well
    bool pictures_;
    bool realtime_;
    std::int64_t last_shown_ns_ = -kLongestStillNs; // media time
    std::uint64_t delivered_ = 0;
    std::uint64_t left_out_ = 0;
    std::int64_t slower_ns_ = 0;

    std::mutex mutex_;
    std::condition_variable changed_;
    bool stopped_ = false;
};

} // namespace jackfield
