// Counts what is still under way on the loop, agents on their way out for one, so that the instance ends after them and
// not before.
//
// Threads: begin on the control thread or the loop's, end on the loop's, wait in the instance's destructor.
#pragma once

#include <condition_variable>
#include <mutex>

namespace jackfield::ice {

class Farewells {
public:
    void begin()
    {
        const std::lock_guard lock(mutex_);
        ++count_;
    }

    void end()
    {
        const std::lock_guard lock(mutex_);
        --count_;
        changed_.notify_all();
    }

    /// An agent's farewell takes three seconds at most (see Agent::retire), a connection that was given up no time.
    void wait()
    {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return count_ == 0; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    int count_ = 0;
};

} // namespace jackfield::ice
