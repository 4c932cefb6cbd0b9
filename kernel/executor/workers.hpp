// Work that takes too long for the control thread and belongs to no stream yet: each piece on a thread of its own.
//
// Threads:  made, used and destroyed on control; `work` on the thread made for it, `done` on control.
// Lifetime: the node's. The node waits until it is idle before the instances go away, since work is inside of them.

#pragma once

#include "kernel/executor/control_thread.hpp"

#include <functional>
#include <list>
#include <thread>

namespace jackfield::kernel {

class Workers {
public:
    explicit Workers(ControlThread& control) : control_(control) {}
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;
    ~Workers(); ///< idle, or the control thread has stopped: waits for what still works

    /// `work` must not throw, and owns nothing: what it needs is kept by `done`, which is called and goes away on
    /// control. Throws Failure JF_EXHAUSTED if there is no thread to be had.
    void run(std::function<void()> work, std::function<void()> done);

    bool idle() const { return working_.empty(); }

    /// For tests that turn the control thread by hand: from now on work is done inside of run, `done` still posted.
    void work_at_once() { at_once_ = true; }

    /// `now_idle` is called when the last piece of work is done. [control]
    void on_idle(std::function<void()> now_idle) { now_idle_ = std::move(now_idle); }

private:
    struct Piece {
        std::function<void()> done;
        std::thread thread;
    };

    void over(std::list<Piece>::iterator piece);

    ControlThread& control_;
    std::function<void()> now_idle_;
    bool at_once_ = false;
    std::list<Piece> working_;
};

} // namespace jackfield::kernel
