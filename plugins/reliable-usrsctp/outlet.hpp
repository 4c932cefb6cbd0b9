// Where SCTP packets go down: the path below, or a short queue while that path would block.
//
// Threads: any; usrsctp calls send with its own locks held, so nothing here calls back. The lock is held while the path
// below sends, which <jackfield/abi/path.h> allows.
// Lifetime: shared by the engine's table and the session; after detach the path is never touched again.
#pragma once

#include <jackfield/output_queue.hpp>
#include <jackfield/path.hpp>

namespace reliable_usrsctp {

class Outlet {
public:
    /// The path can send: what was said before goes out first.
    void attach(jackfield::Path below)
    {
        const std::lock_guard lock(mutex_);
        below_ = below;
        flush();
    }

    /// Waits for a send that is under way.
    void detach()
    {
        const std::lock_guard lock(mutex_);
        below_ = jackfield::Path();
        detached_ = true;
        waiting_.clear();
    }

    /// A packet that finds the queue full is lost; SCTP sends it again.
    void send(jackfield::ByteView packet)
    {
        const std::lock_guard lock(mutex_);
        if (detached_)
            return;
        if (below_ && waiting_.empty() && below_.send(packet) != JF_WOULD_BLOCK)
            return;
        waiting_.push(packet);
    }

    /// The path below takes packets again.
    void resume()
    {
        const std::lock_guard lock(mutex_);
        flush();
    }

private:
    static constexpr std::size_t kWaitingBytes = 256 * 1024;

    void flush()
    {
        while (below_ && !waiting_.empty()) {
            const jackfield::ByteView packet = waiting_.front(0);
            if (below_.send(packet) == JF_WOULD_BLOCK)
                return;
            waiting_.pop(packet.size());
        }
    }

    std::mutex mutex_;
    jackfield::Path below_;
    jackfield::OutputQueue waiting_{true, kWaitingBytes};
    bool detached_ = false;
};

} // namespace reliable_usrsctp
