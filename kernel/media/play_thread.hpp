// A thread that plays for many streams: each is due at a time of its own, or when something has arrived for it.
//
// A thread for each stream would be woken for each packet, and with a hundred calls the system would do little else.
// What takes long, like the decoder of pictures, has a PlayThread of its own.
//
// Threads:  add and remove on control; wake on any, without allocation; `play` on this thread.
// Lifetime: the node's, or the stream's. The thread begins with the first player; the destructor joins it.

#pragma once

#include <condition_variable>
#include <cstdint>
#include <list>
#include <mutex>
#include <thread>

namespace jackfield::kernel {

class Player {
public:
    virtual ~Player() = default;

    /// Does what is due. When it is due again; INT64_MAX: when it is woken. [media]
    virtual std::int64_t play(std::int64_t now_ns) = 0;

private:
    friend class PlayThread;

    // Guarded by its thread's mutex.
    bool there_ = false;
    std::int64_t due_ns_ = 0; // 0: at once
};

class PlayThread {
public:
    PlayThread() = default;
    PlayThread(const PlayThread&) = delete;
    PlayThread& operator=(const PlayThread&) = delete;
    ~PlayThread();

    /// It plays at once, and whenever it is due. Throws std::system_error if there is no thread to be had.
    void add(Player& player);

    /// It does not play after this returns.
    void remove(Player& player);

    /// It plays soon, if it was added.
    void wake(Player& player);

private:
    void run();
    std::int64_t play_what_is_due(std::unique_lock<std::mutex>& lock);

    std::mutex mutex_; // guards all below; not held while somebody plays
    std::condition_variable changed_;
    std::condition_variable played_;
    std::list<Player*> players_;
    const Player* playing_ = nullptr;
    bool woken_ = false;
    bool stop_ = false;
    std::thread thread_;
};

} // namespace jackfield::kernel
