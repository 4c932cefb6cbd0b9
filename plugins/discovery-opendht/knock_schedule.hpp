// When to ping the bootstrap nodes while we are offline: eagerly at first, patiently later.
//
// Threads: a value; its owner guards it. OpenDHT repeats each ping by itself after about 1.1 s and 3.5 s.
#pragma once

#include <algorithm>
#include <chrono>

namespace discovery_opendht {

class KnockSchedule {
public:
    using Clock = std::chrono::steady_clock;

    static constexpr std::chrono::milliseconds kFirstPause{250};  // doubled each time
    static constexpr std::chrono::milliseconds kEagerPause{1000}; // up to this, while offline for less than kEagerTime
    static constexpr std::chrono::seconds kEagerTime{30};
    static constexpr std::chrono::seconds kPatientPause{5};

    /// We are offline from now on, or have a reason to be eager again: knock at once.
    void restart(Clock::time_point now)
    {
        offline_since_ = now;
        next_ = now;
        pause_ = kFirstPause;
    }

    void knocked(Clock::time_point now)
    {
        next_ = now + (now - offline_since_ < kEagerTime ? Clock::duration(pause_) : Clock::duration(kPatientPause));
        pause_ = std::min(pause_ * 2, kEagerPause);
    }

    Clock::time_point next() const { return next_; }

private:
    Clock::time_point offline_since_{};
    Clock::time_point next_{};
    std::chrono::milliseconds pause_ = kFirstPause;
};

} // namespace discovery_opendht
