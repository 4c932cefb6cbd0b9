// Work on the control thread that another thread waits for. For programs and tests: nothing in the kernel waits for
// control.
//
// Threads:  any but control, which would wait for itself.

#pragma once

#include "kernel/executor/control_thread.hpp"

#include <atomic>

namespace jackfield::kernel {

template <typename Work>
void run_on_control(ControlThread& control, Work&& work)
{
    std::atomic<bool> done{false};
    control.post([&] {
        work();
        done = true;
        done.notify_all();
    });
    done.wait(false);
}

} // namespace jackfield::kernel
