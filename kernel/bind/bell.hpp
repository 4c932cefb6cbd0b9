// A bell: what a coroutine of flow/ waits at until something it looks at has changed.
//
// Whoever changes state that a flow looks at rings the flow's bell; the flow wakes, looks, and goes on or waits again.
// State is looked at, never handed over, so nothing can be lost between two waits, and a wait can have any deadline.
// Threads: [control]. Ringing is cheap and never runs the waiting code inside the call.

#pragma once

#include "kernel/executor/step_clock.hpp"

#include <algorithm>
#include <vector>

namespace jackfield::kernel {

class Bell {
public:
    Bell() = default;
    Bell(const Bell&) = delete;
    Bell& operator=(const Bell&) = delete;

    void ring()
    {
        for (auto* timer : waiting_)
            timer->cancel();
    }

    /// One wait: cancelled by ring, over at its own expiry. Lives on the frame of the waiting coroutine.
    class Wait {
    public:
        Wait(Bell& bell, StepTimer& timer) : bell_(bell), timer_(timer) { bell_.waiting_.push_back(&timer_); }
        Wait(const Wait&) = delete;
        Wait& operator=(const Wait&) = delete;
        ~Wait() { std::erase(bell_.waiting_, &timer_); }

    private:
        Bell& bell_;
        StepTimer& timer_;
    };

private:
    std::vector<StepTimer*> waiting_;
};

} // namespace jackfield::kernel
