// The one place in the kernel where a thread waits: the program's own, for what the control thread does for it.
//
// Threads: any but the node's control thread, which would wait for itself; that is refused, not tried.

#pragma once

#include "kernel/error.hpp"
#include "kernel/executor/control_thread.hpp"

#include <functional>
#include <future>
#include <memory>

namespace jackfield::kernel {

/// Throws Failure JF_INTERNAL on the control thread. Before whatever could make it wait.
inline void refuse_to_wait_for_oneself(const ControlThread& control)
{
    if (control.is_current())
        throw Failure(JF_INTERNAL, "a listener must not wait for the node: it is called on the node's own thread");
}

/// Runs `start`, here, and returns what it started hands over; once. Throws Failure JF_INTERNAL on the control thread.
template <typename Result>
Result wait_for_what(ControlThread& control, const std::function<void(std::function<void(Result)> hand_over)>& start)
{
    refuse_to_wait_for_oneself(control);
    // Shared with the control thread, which may still be inside set_value when we are on our way out.
    const auto promise = std::make_shared<std::promise<Result>>();
    start([promise](Result result) { promise->set_value(std::move(result)); });
    return promise->get_future().get();
}

/// The same, and `start` runs on the control thread.
template <typename Result>
Result wait_for(ControlThread& control, std::function<void(std::function<void(Result)> hand_over)> start)
{
    return wait_for_what<Result>(control, [&](std::function<void(Result)> hand_over) {
        control.post([start = std::move(start), hand_over = std::move(hand_over)] { start(hand_over); });
    });
}

} // namespace jackfield::kernel
