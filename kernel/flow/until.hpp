// How a flow waits: until something is true, or a deadline, whichever comes first.
//
// Threads: [control], inside coroutines.

#pragma once

#include "kernel/bind/bell.hpp"

#include <asio/awaitable.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <chrono>

namespace jackfield::kernel {

using asio::awaitable;
using TimePoint = std::chrono::steady_clock::time_point;

inline TimePoint now()
{
    return std::chrono::steady_clock::now();
}

/// True as soon as `condition` holds, looked at now and whenever the bell rings; false at the deadline. The bell and
/// what the condition looks at outlive the wait.
template <typename Condition>
awaitable<bool> until(Bell& bell, TimePoint deadline, Condition condition)
{
    const auto executor = co_await asio::this_coro::executor;
    while (!condition()) {
        if (now() >= deadline)
            co_return false;
        asio::steady_timer timer(executor, deadline);
        const Bell::Wait wait(bell, timer);
        asio::error_code rung_or_over;
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, rung_or_over));
    }
    co_return true;
}

} // namespace jackfield::kernel
