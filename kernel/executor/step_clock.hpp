// The clock by which steps are limited: the steady clock, unless a test holds it and moves it by hand.
//
// A limit of seconds is then tested in microseconds, and a test never fails because the machine was slow.
// Threads: [any]. What a plugin or a media stream measures is not measured by this clock.

#pragma once

#include <asio/basic_waitable_timer.hpp>

#include <atomic>
#include <chrono>

namespace jackfield::kernel {

class StepClock {
public:
    using duration = std::chrono::steady_clock::duration;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<StepClock>;
    static constexpr bool is_steady = true;

    static time_point now()
    {
        const rep held = held_.load(std::memory_order_relaxed);
        return time_point(held != 0 ? duration(held) : std::chrono::steady_clock::now().time_since_epoch());
    }

    /// For tests: time stands still from now on, and moves by `advance` only. A timer that waits does not see that by
    /// itself: the event loop looks at its timers when the next one is set or is over.
    static void hold() { held_ = std::chrono::steady_clock::now().time_since_epoch().count(); }
    static void advance(duration by) { held_ += by.count(); }
    static void release() { held_ = 0; }

private:
    inline static std::atomic<rep> held_{0};
};

using TimePoint = StepClock::time_point;
using StepTimer = asio::basic_waitable_timer<StepClock>;

inline TimePoint now()
{
    return StepClock::now();
}

} // namespace jackfield::kernel
