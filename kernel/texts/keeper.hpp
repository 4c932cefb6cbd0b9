// The thread that works with the store of texts, so that nobody else waits for the disk.
//
// Threads:  made and destroyed on any but the control thread, which may wait; run on control, or before that runs.
// Lifetime: the node's. It ends when all that it was asked for is done; what that would have reported to a control
//           thread that has stopped is gone.

#pragma once

#include "kernel/executor/control_thread.hpp"
#include "kernel/texts/text_store.hpp"

#include <condition_variable>
#include <deque>
#include <expected>
#include <functional>
#include <mutex>
#include <thread>

namespace jackfield::kernel {

class Keeper {
public:
    /// Opens the store; throws Failure. `at_once`, for tests that turn the control thread by hand: work is done inside
    /// of run, and what comes of it still posted.
    Keeper(ControlThread& control, const TextSettings& settings, bool at_once = false);
    Keeper(const Keeper&) = delete;
    Keeper& operator=(const Keeper&) = delete;
    ~Keeper();

    /// Does the work, one piece after the other; `done` gets what it returns, or what it threw, on control.
    template <typename Result>
    void run(std::function<Result(TextStore&)> work, std::function<void(std::expected<Result, Error>)> done)
    {
        add([this, work = std::move(work), done = std::move(done)] {
            auto result = attempt<Result>(work);
            control_.post([done = std::move(done), result = std::move(result)]() mutable { done(std::move(result)); });
        });
    }

private:
    template <typename Result>
    std::expected<Result, Error> attempt(const std::function<Result(TextStore&)>& work)
    {
        try {
            return work(store_);
        } catch (const Failure& failure) {
            return std::unexpected(failure.error());
        } catch (const std::exception& other) { // out of memory
            return std::unexpected(Error{JF_INTERNAL, other.what()});
        }
    }

    void add(std::function<void()> piece);
    void work();

    ControlThread& control_;
    TextStore store_; // of the thread
    const bool at_once_;
    std::mutex mutex_;
    std::condition_variable more_;
    std::deque<std::function<void()>> pieces_; // guarded by mutex_
    bool ending_ = false;                      // guarded by mutex_
    std::thread thread_;
};

} // namespace jackfield::kernel
