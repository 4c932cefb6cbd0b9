// The stream of one component over ICE-TCP.
//
// What send takes is copied into a ring and written by the loop's thread alone: libnice empties its own socket queue
// there without the lock its senders hold, so a send from another thread at that moment can stall or damage the queue.
// One frame is one piece of memory, because a frame of several pieces is copied wrongly by libnice 0.1.21 when the
// socket takes part of it.
//
// Threads and lifetime: see component_path.hpp.
#pragma once

#include "component_path.hpp"

#include <shared/ice/byte_ring.hpp>

namespace jackfield::ice {

inline constexpr std::size_t kStreamQueueBytes = 4 * JF_STREAM_SEND_MAX;
inline constexpr std::size_t kMaxFrameBytes = 0xF800; // libnice cuts longer messages (RFC 4571 allows 65535)

class StreamPath final : public ComponentPath {
public:
    StreamPath(Host host, GlibLoop& loop, unsigned component);

    jf_path_info describe() const noexcept override;
    Status send(std::span<const jf_bytes> parts) noexcept override;

    void attach(Agent& agent, const PairTraits& traits) override;
    void detach(const Agent& agent) noexcept override;
    void shut() noexcept override;
    void drain(GlibLoop::Task done) override;
    void stop_draining() override { drained_ = nullptr; }
    void socket_writable() override { wakeup_.signal(); }
    void connection_lost() override;

private:
    void too_early() override;
    void woken();
    void flush();
    void look_whether_drained();

    std::mutex mutex_; // guards the next six
    ByteRing ring_;
    Agent* agent_ = nullptr;
    bool closed_ = false;
    bool blocked_ = false;         // a send was refused: writable is owed
    bool flush_requested_ = false; // the wake-up is on its way
    bool lost_ = false;

    // Only on the loop's thread.
    bool flushing_ = false;
    bool socket_full_ = false; // libnice refused a frame: its own queue holds part of the one before
    bool probed_ = false;      // while draining: the last frame on its way is the probe
    GlibLoop::Task drained_;
    Wakeup wakeup_;
};

} // namespace jackfield::ice
