// How long an answer takes over a link, measured by each question that was answered (RFC 6298 section 2), and how long
// to wait for one before it is missed.
//
// Threads:  [control].
// Lifetime: the link's.

#pragma once

#include "kernel/executor/step_clock.hpp"
#include "kernel/flow/limits.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

namespace jackfield::kernel {

class RoundTrip {
public:
    void note(StepClock::duration measured)
    {
        if (!smoothed_) {
            smoothed_ = measured;
            variation_ = measured / 2;
            return;
        }
        const auto off = measured > *smoothed_ ? measured - *smoothed_ : *smoothed_ - measured;
        variation_ = (3 * variation_ + off) / 4;
        smoothed_ = (7 * *smoothed_ + measured) / 8;
    }

    bool known() const { return smoothed_.has_value(); }

    /// What was said may have been lost once, and said again.
    std::chrono::milliseconds patience() const
    {
        if (!smoothed_)
            return limits::kPingInCall;
        const auto usual = std::chrono::ceil<std::chrono::milliseconds>(2 * *smoothed_ + 4 * variation_);
        return std::clamp(usual + limits::kPingSpare, limits::kShortestPing, limits::kLongestPing);
    }

private:
    std::optional<StepClock::duration> smoothed_;
    StepClock::duration variation_{};
};

} // namespace jackfield::kernel
