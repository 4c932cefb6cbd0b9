// A thread that makes sound for many sessions: with one for each the system would wake one for every frame.
//
// Threads:  add and remove on control; tracks are asked and deliver on this thread.
// Lifetime: the instance's, longer than its sessions. The thread begins with the first track.
#pragma once

#include <jackfield/host.hpp>

#include <condition_variable>
#include <cstdint>
#include <list>
#include <mutex>
#include <thread>

namespace media_test {

class SoundThread {
public:
    class Track {
    public:
        virtual ~Track() = default;
        virtual std::int64_t due_ns() = 0; ///< the next frame, by the host's clock
        virtual void deliver() = 0;        ///< it

    private:
        friend class SoundThread;
        bool leaves_ = false; // guarded by the thread's mutex
    };

    explicit SoundThread(jackfield::Host host) : host_(host) {}
    SoundThread(const SoundThread&) = delete;
    SoundThread& operator=(const SoundThread&) = delete;
    ~SoundThread();

    void add(Track& track);

    /// It is not asked after this returns.
    void remove(Track& track);

private:
    void run();
    std::int64_t deliver_what_is_due(std::unique_lock<std::mutex>& lock);

    jackfield::Host host_;
    std::mutex mutex_; // guards all below; not held while a frame is delivered
    std::condition_variable changed_;
    std::condition_variable delivered_;
    std::list<Track*> tracks_;
    const Track* delivering_ = nullptr;
    bool stop_ = false;
    std::thread thread_;
};

} // namespace media_test
