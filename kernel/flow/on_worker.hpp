// How a flow has something done that takes long: on a worker, and it waits for the end of it.
//
// Threads: [control], inside coroutines.

#pragma once

#include "kernel/executor/workers.hpp"
#include "kernel/flow/step_failure.hpp"
#include "kernel/flow/until.hpp"

#include <functional>
#include <memory>

namespace jackfield::kernel {

/// Until the work is done, whatever else happens: the flow then still has what the work uses. Throws StepFailure
/// JF_EXHAUSTED if there is no thread to be had. The bell outlives the wait.
inline awaitable<void> on_worker(Workers& workers, Bell& bell, Step step, std::function<void()> work)
{
    const auto over = std::make_shared<bool>(false);
    as_step(step, [&] {
        workers.run(std::move(work), [over, &bell] {
            *over = true;
            bell.ring();
        });
    });
    // By reference: GCC 12 destroys twice what a temporary of such an expression has captured by value.
    co_await until(bell, TimePoint::max(), [&] { return *over; });
}

} // namespace jackfield::kernel
