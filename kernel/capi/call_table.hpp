// The calls of a node by their ids: those that run, and how the last ones ended.
//
// Threads:  every method on any thread.
// Lifetime: its node's. It keeps a call until that has ended.

#pragma once

#include "kernel/error.hpp"
#include "kernel/flow/call.hpp"

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace jackfield::kernel::capi {

class CallTable {
public:
    static constexpr std::size_t kMostEnded = 64;

    /// A call has come as far as that (JACKFIELD_CALLING, ..); one that is new is taken in.
    void reached(const std::shared_ptr<Call>& call, std::int32_t state);
    void ended(const std::string& id, const Error& how);

    /// The node has stopped: whatever runs has ended with it.
    void all_ended();

    /// Throws Failure: JF_CLOSED if it has ended, JF_NOT_FOUND if there is none.
    std::shared_ptr<Call> running(const std::string& id);

    /// Throws Failure JF_NOT_FOUND.
    std::int32_t state(const std::string& id);

    /// Throws Failure, as jackfield_call_wait says it.
    void wait(const std::string& id, std::int32_t state, std::int32_t timeout_ms);

private:
    struct Known {
        std::shared_ptr<Call> call; // null once it has ended
        std::int32_t state = 0;
        Error how{JF_OK, ""};
    };

    const Known& known(const std::string& id) const; // with the lock
    void end(Known& known, const std::string& id, const Error& how);

    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<std::string, Known> calls_;
    std::deque<std::string> ended_; // the oldest first
};

} // namespace jackfield::kernel::capi
