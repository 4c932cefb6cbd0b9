// Ends what takes too long: a connection whose deadline passes is shut down, which wakes whoever reads from it or
// writes to it. Timeouts of a socket alone would let a client send a byte at a time for ever.
//
// Threads:  any; one of its own.
// Lifetime: outlives its guards. A guard must go before its descriptor is closed.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

namespace jackfield::rendezvous {

class Deadlines {
    struct Watched {
        int descriptor;
        bool expired = false;
    };
    using Line = std::multimap<std::chrono::steady_clock::time_point, Watched>;

public:
    class Guard {
    public:
        Guard(Deadlines& owner, int descriptor, std::chrono::milliseconds time)
            : owner_(owner), at_(owner.arm(descriptor, time))
        {}
        Guard(const Guard&) = delete;
        Guard& operator=(const Guard&) = delete;
        ~Guard() { owner_.disarm(at_); }

    private:
        Deadlines& owner_;
        Line::iterator at_;
    };

    Deadlines();
    Deadlines(const Deadlines&) = delete;
    Deadlines& operator=(const Deadlines&) = delete;
    ~Deadlines();

    /// From now on nothing takes longer than that, what has begun included: the server stops.
    void hurry(std::chrono::milliseconds time);

private:
    Line::iterator arm(int descriptor, std::chrono::milliseconds time);
    void disarm(Line::iterator at);
    void watch();

    std::mutex mutex_;
    std::condition_variable changed_;
    Line line_;
    std::chrono::milliseconds longest_{std::chrono::hours(1)};
    bool stop_ = false;
    std::thread thread_;
};

} // namespace jackfield::rendezvous
