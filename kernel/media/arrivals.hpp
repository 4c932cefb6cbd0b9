// When packets of a stream have come: what tells at once that they cease, and how long a gap was.
//
// A packet costs two stores. Nobody is woken by one, and nobody looks as long as they come: whoever waits for silence
// sets a timer to the last arrival and what it bears, and sets it anew if there was a later one when that is over.
//
// Threads:  note on the stream's media thread, one at a time; the rest on any.

#pragma once

#include "kernel/executor/step_clock.hpp"

#include <algorithm>
#include <atomic>
#include <optional>

namespace jackfield::kernel {

class Arrivals {
public:
    void note() noexcept
    {
        const auto at = now().time_since_epoch().count();
        const auto before = last_.exchange(at, std::memory_order_relaxed);
        if (before != 0 && at - before > longest_.load(std::memory_order_relaxed))
            longest_.store(at - before, std::memory_order_relaxed);
    }

    /// Nothing before the first.
    std::optional<TimePoint> last() const
    {
        const auto at = last_.load(std::memory_order_relaxed);
        return at != 0 ? std::optional(TimePoint(StepClock::duration(at))) : std::nullopt;
    }

    /// What comes next ends no gap: none was to come meanwhile.
    void pause() { last_.store(0, std::memory_order_relaxed); }

    /// Between two packets of which the later has come since this was asked last; 0: there was none.
    StepClock::duration take_longest_gap()
    {
        return StepClock::duration(longest_.exchange(0, std::memory_order_relaxed));
    }

private:
    std::atomic<StepClock::rep> last_{0};
    std::atomic<StepClock::rep> longest_{0};
};

} // namespace jackfield::kernel
