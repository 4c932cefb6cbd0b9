// Events on their way to a program in another language: one text each, in order, and no more than a limit.
//
// Threads:  every method on any thread.
// Lifetime: its node's (open_node.hpp); the descriptor is closed with it.

#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <expected>
#include <mutex>
#include <string>

#include <jackfield/abi/types.h>

namespace jackfield::kernel::capi {

class EventQueue {
public:
    /// Throws Failure JF_EXHAUSTED if there is no descriptor left.
    explicit EventQueue(std::size_t most);
    ~EventQueue();
    EventQueue(const EventQueue&) = delete;
    EventQueue& operator=(const EventQueue&) = delete;

    /// Dropped, and counted, if too many wait. Where some were dropped, an event says how many.
    void push(std::string json);

    /// The oldest. Waits so long, for ever if it is negative. JF_TIMEOUT; JF_CLOSED if it is closed and empty.
    std::expected<std::string, jf_status> pop(std::int32_t timeout_ms);

    /// Nothing comes any more; what waits can still be taken.
    void close();

    /// What waits is not wanted any more.
    void clear();

    int descriptor() const { return descriptor_; }

private:
    void show_readable();
    void say_dropped();

    const std::size_t most_;
    const int descriptor_; // an eventfd: not 0 while pop would return at once
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::string> waiting_;
    std::uint64_t dropped_ = 0;
    bool closed_ = false;
    bool readable_ = false; // what the descriptor says
};

} // namespace jackfield::kernel::capi
