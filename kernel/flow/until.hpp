// How a flow waits: until something is true, or a deadline, whichever comes first.
//
// Threads: [control], inside coroutines.

#pragma once

#include "kernel/bind/bell.hpp"

#include <asio/awaitable.hpp>
#include <asio/redirect_error.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <type_traits>

namespace jackfield::kernel {

using asio::awaitable;

/// True as soon as `condition` holds, looked at now and whenever the bell rings; false at the deadline: a TimePoint, or
/// something that says it anew whenever the bell rings. The bell and what the condition looks at outlive the wait.
template <typename Deadline, typename Condition>
awaitable<bool> until(Bell& bell, Deadline deadline, Condition condition)
{
    const auto executor = co_await asio::this_coro::executor;
    while (!condition()) {
        TimePoint by;
        if constexpr (std::is_invocable_v<Deadline>)
            by = deadline();
        else
            by = deadline;
        if (now() >= by)
            co_return false;
        StepTimer timer(executor, by);
        const Bell::Wait wait(bell, timer);
        asio::error_code rung_or_over;
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, rung_or_over));
    }
    co_return true;
}

} // namespace jackfield::kernel
