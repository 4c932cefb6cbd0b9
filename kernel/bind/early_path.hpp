// A path of datagrams that is not there yet: whoever speaks first upon it can begin, and what it says at first goes
// along with connectivity's checks.
//
//   EarlyPath -> path() is opened -> send* -> take_unsent (to connectivity) -> stand_on(the path) -> ... -> closed
//
// The first few datagrams are kept. If nothing of the peer has come when the path is there, they are sent once more:
// some of them may have been lost where no check came through, and the peer takes what it has already for a doubled
// datagram. What is sent between the first few and the path is lost, as datagrams may be.
//
// Threads:  [control], but path(), which is as path.h has it. Once the path is there a send takes no lock.
// Lifetime: longer than whatever opens path(); the path below lives until path() is closed.

#pragma once

#include "kernel/error.hpp"

#include <jackfield/abi/path.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace jackfield::kernel {

class EarlyPath {
public:
    /// `expected`: as the path will describe itself. `unsent` is called when there is something to take. [any]
    EarlyPath(const jf_path_info& expected, std::function<void()> unsent);
    EarlyPath(const EarlyPath&) = delete;
    EarlyPath& operator=(const EarlyPath&) = delete;
    ~EarlyPath() { close(); }

    jf_path path() { return {&kMethods, this}; }

    /// What was sent since it was asked before; the first JF_EARLY_DATAGRAMS in all. Empty once the path is there.
    std::vector<std::string> take_unsent();

    /// The path is there. Once; throws Failure if it cannot be opened.
    void stand_on(jf_path lower);

    /// The first few once more, if nothing of the peer has come. True if they were sent.
    bool repeat();

    bool stands() const { return current_.load() != nullptr; }
    bool heard() const { return heard_; }

private:
    static const jf_path_methods kMethods;
    static const jf_path_receiver_methods kReceiver;

    jf_status open(jf_path_receiver receiver, jf_error* error);
    jf_status send(const jf_bytes* parts, std::size_t part_count);
    jf_status keep(const jf_bytes* parts, std::size_t part_count);
    void close();

    const jf_path_info expected_;
    std::function<void()> unsent_;
    std::optional<jf_path> lower_;
    std::atomic<const jf_path*> current_{};    // lower_, once it is open: what senders use
    std::atomic<bool> heard_{false};           // something of the peer has come
    std::optional<jf_path_receiver> receiver_; // once path() is opened
    bool closed_from_above_ = false;

    std::mutex mutex_;               // guards the next four, until the path is there
    std::vector<std::string> first_; // what was said at first
    std::size_t taken_ = 0;          // of those
    bool opening_ = false;           // the path below is: what it brings may be answered at once
    bool closed_ = false;
    std::vector<std::string> answers_; // meanwhile
};

} // namespace jackfield::kernel
