// A call into another process on a media thread: arguments and results in shared memory, one call at a time.
//
//   caller   arguments() -> run() -> results()
//   callee   serve() on a thread of its own: it waits, works, answers, until abandon
//
// Threads:  caller: one at a time; callee: one; abandon: any.
// Lifetime: longer than either side's use of it. The memory's first bytes are the call's, the rest is arguments and
// results.

#pragma once

#include "kernel/isolate/pack.hpp"
#include "kernel/isolate/shared_memory.hpp"

#include <jackfield/abi/types.h>

#include <functional>

namespace jackfield::kernel::isolate {

class SharedCall {
public:
    /// A part of a shared memory, the same for both sides.
    explicit SharedCall(std::span<std::byte> part);

    std::span<std::byte> arguments() const { return arguments_; }

    /// Has the callee work on what lies in arguments(). JF_TIMEOUT if it takes longer than `limit`, JF_CLOSED if nobody
    /// is there any more: no call works from then on. Neither allocates nor makes a system call for more than a wait.
    jf_status run(std::size_t argument_size, std::chrono::nanoseconds limit);
    /// After a run that was JF_OK: what the callee put there.
    std::span<const std::byte> results() const { return results_.subspan(0, result_size_); }

    /// Calls `work` for each call, with its arguments and the room for its results, of which it says how much it used.
    /// Until abandon.
    void
    serve(const std::function<std::size_t(std::span<const std::byte> arguments, std::span<std::byte> results)>& work);

    /// Whoever waits, or would, is told that there is nobody. [any]
    void abandon();

private:
    struct Head;

    Head* head_;
    std::span<std::byte> arguments_;
    std::span<std::byte> results_;
    std::size_t result_size_ = 0;
};

} // namespace jackfield::kernel::isolate
