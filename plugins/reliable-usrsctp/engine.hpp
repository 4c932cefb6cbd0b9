// usrsctp as one per process: its start, its clock, and which association belongs to which path.
//
// Threads: one thread turns usrsctp's timers every 10 ms while an association lives, and sleeps otherwise; it calls
// `Association::work` of those that usrsctp woke. Everything else may be called on any thread.
// Lifetime: shared by the plugin's instances, the last of which joins the thread. usrsctp itself is started once and
// never finished: its state cannot be taken down while timers may still be queued.
#pragma once

#include "outlet.hpp"

#include <condition_variable>
#include <map>
#include <memory>
#include <thread>

struct socket;

namespace reliable_usrsctp {

/// What the timer thread wakes.
class Association {
public:
    virtual void work() noexcept = 0;

protected:
    ~Association() = default;
};

/// What a socket calls, with its address as argument, when there is something to read, to write, or an error.
using Upcall = void (*)(struct socket*, void*, int);
Upcall engine_upcall();

class Engine {
public:
    /// The one of this process.
    static std::shared_ptr<Engine> share();

    Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;
    ~Engine();

    /// Gives the association an AF_CONN address of its own, never used again in this process.
    std::uintptr_t add(Association& association, std::shared_ptr<Outlet> outlet);

    /// After it returns `work` is not called; waits for a call that is under way. Packets still go to the outlet.
    void silence(std::uintptr_t address);

    /// The address is free; packets to it vanish.
    void remove(std::uintptr_t address);

private:
    struct Entry {
        std::shared_ptr<Outlet> outlet; // second owner: the session
        std::mutex working;             // held while work runs
        Association* association = nullptr;
        std::atomic<bool> woken{false};
    };

    friend struct EngineCallbacks;
    std::shared_ptr<Entry> find(std::uintptr_t address);
    void run();
    void work_woken();

    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<std::uintptr_t, std::shared_ptr<Entry>> entries_;
    std::chrono::steady_clock::time_point last_removed_{};
    bool stop_ = false;
    std::thread thread_;
};

} // namespace reliable_usrsctp
