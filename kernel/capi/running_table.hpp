// The calls of a node, or its files, by their ids: those that run, and how the last ones ended.
//
// Threads:  every method on any thread.
// Lifetime: its node's. It keeps a call or file until that has ended.

#pragma once

#include "kernel/error.hpp"
#include "kernel/flow/call.hpp"
#include "kernel/flow/file_transfer.hpp"

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <type_traits>

namespace jackfield::kernel::capi {

/// Of Call or FileTransfer.
template <typename Running>
class RunningTable {
public:
    static constexpr std::size_t kMostEnded = 64;

    /// One has come as far as that (JACKFIELD_CALLING, ..); one that is new is taken in.
    void reached(const std::shared_ptr<Running>& one, std::int32_t state);

    /// `last` is its last statistics (calls), or where it lies (files).
    void ended(const std::string& id, const Error& how, const std::string& last = {});

    /// The node has stopped: whatever runs has ended with it.
    void all_ended();

    /// Throws Failure: JF_CLOSED if it has ended, JF_NOT_FOUND if there is none.
    std::shared_ptr<Running> running(const std::string& id);

    /// Throw Failure JF_NOT_FOUND.
    std::int32_t state(const std::string& id);
    std::string last(const std::string& id); // empty if it runs
    std::uint64_t bytes(const std::string& id)
        requires std::is_same_v<Running, FileTransfer>; // that the receiver has written

    /// Throws Failure, as jackfield_call_wait says it.
    void wait(const std::string& id, std::int32_t state, std::int32_t timeout_ms);

private:
    struct Known {
        std::shared_ptr<Running> one; // null once it has ended
        std::int32_t state = 0;
        Error how{JF_OK, ""};
        std::string last = {};
        std::uint64_t bytes = 0; // of a file that has ended
    };

    const Known& known(const std::string& id) const; // with the lock
    void end(Known& known, const std::string& id, const Error& how, const std::string& last);

    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<std::string, Known> all_;
    std::deque<std::string> ended_; // the oldest first
};

using CallTable = RunningTable<Call>;
using FileTable = RunningTable<FileTransfer>;

} // namespace jackfield::kernel::capi
