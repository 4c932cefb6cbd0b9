// Between arrival and play-out: packets go in as they come and come out in order, each at its time.
//
// Audio comes out packet by packet in order, each with the time to play it; what stands behind a gap, when the play-out
// clock says that the gap stays. Video comes out picture by picture as soon as all packets of a picture are there, or
// when a gap has stayed open for as long as the jitter makes reordering likely. Threads: guarded by the lock of the
// stream's receiving half. All memory is taken at construction.
#pragma once

#include "packet_ring.hpp"
#include "playout_clock.hpp"

#include <limits>

namespace jackfield::rtp {

inline constexpr std::int64_t kNothingDue = std::numeric_limits<std::int64_t>::max();

struct JitterLimits {
    std::uint32_t clock_rate_hz = 0;
    std::int64_t min_delay_ns = 0;
    std::int64_t max_delay_ns = 0;
};

/// A packet whose turn it is; null if none is due, and when to ask again.
struct Turn {
    const StoredPacket* packet = nullptr;
    std::int64_t time_ns = 0; ///< when to play it
    std::int64_t ask_again_ns = kNothingDue;
};

class JitterBuffer {
public:
    virtual ~JitterBuffer() = default;

    /// restart: timestamps before this packet do not belong to the same timeline.
    PacketRing::Stored insert(StoredPacket packet, ByteView payload, bool restart);

    /// A telephone event: its timestamp stands still while it lasts, so it takes its turn with the sound before it.
    PacketRing::Stored insert_event(StoredPacket packet, ByteView payload);

    /// A packet that was lost and sent again: when it came says nothing about the network's jitter.
    PacketRing::Stored insert_repair(StoredPacket packet, ByteView payload) { return insert_event(packet, payload); }

    /// How long a gap is waited for at least, because what is missing has been asked for.
    void set_patience(std::int64_t patience_ns) { patience_ns_ = patience_ns; }
    std::int64_t patience_ns() const { return std::max(patience_ns_, clock_.delay_ns()); }
    std::int64_t next_index() const { return ring_.next(); }
    std::int64_t highest_index() const { return ring_.highest(); }

    virtual Turn turn(std::int64_t now_ns) = 0;

    /// Gives away the packet of the last turn(). Returns how many were missing right before it.
    virtual std::uint16_t take(const StoredPacket& packet) { return ring_.take(packet); }

    ByteView payload(const StoredPacket& packet) const { return ring_.payload(packet); }
    std::int64_t delay_ns() const { return clock_.delay_ns(); }
    std::uint64_t discarded() const { return ring_.discarded(); }

protected:
    JitterBuffer(std::size_t capacity, const JitterLimits& limits, bool marker_means_silence)
        : ring_(capacity),
          clock_(limits.clock_rate_hz, limits.min_delay_ns, limits.max_delay_ns),
          marker_means_silence_(marker_means_silence)
    {}

    PacketRing ring_;
    PlayoutClock clock_;

private:
    bool marker_means_silence_;
    std::int64_t patience_ns_ = 0;
    std::int64_t last_media_ns_ = 0; // of the sound that came last
};

class AudioBuffer final : public JitterBuffer {
public:
    static constexpr std::size_t kCapacity = 256; ///< 5 s of 20 ms packets

    explicit AudioBuffer(const JitterLimits& limits) : JitterBuffer(kCapacity, limits, true) {}

    Turn turn(std::int64_t now_ns) override;
    std::uint16_t take(const StoredPacket& packet) override;

private:
    bool played_any_ = false;
    std::int64_t played_index_ = 0;
    std::int64_t played_media_ns_ = 0;
};

class VideoBuffer final : public JitterBuffer {
public:
    static constexpr std::size_t kCapacity = 1024;

    explicit VideoBuffer(const JitterLimits& limits) : JitterBuffer(kCapacity, limits, false) {}

    Turn turn(std::int64_t now_ns) override;

private:
    struct Picture {
        std::int64_t end = 0;    // index after its last packet
        std::int64_t newest = 0; // latest arrival among its packets
        std::int64_t due_ns = 0; // when to give out what is there
    };
    Picture look_at(const StoredPacket& first) const;

    std::int64_t released_end_ = 0; // packets before this index may go without further looking
    std::int64_t released_time_ns_ = 0;
};

} // namespace jackfield::rtp
