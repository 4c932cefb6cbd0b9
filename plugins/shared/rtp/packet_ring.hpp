// Received payloads of one stream, each in the slot its index points at. All memory is taken when the stream opens; but
// only so much of it is ever touched as payloads wait at one time, since a place that has become free is used again
// first.
//
// Threads: guarded by the lock of the stream's receiving half.
#pragma once

#include <jackfield/basic.hpp>

#include <memory>

namespace jackfield::rtp {

struct StoredPacket {
    std::int64_t index = -1;
    std::int64_t arrival_ns = 0;
    std::int64_t media_ns = 0; ///< on the timeline of the play-out clock
    std::uint32_t rtp_timestamp = 0;
    std::uint16_t lost_before = 0; ///< missing packets that the index does not show
    std::uint16_t size_bytes = 0;
    std::uint8_t payload_type = 0;
    bool marker = false;
};

class PacketRing {
public:
    enum class Stored { stored, duplicate, late };

    /// capacity is a power of two.
    explicit PacketRing(std::size_t capacity);

    /// Keeps a payload of at most kMaxPayloadBytes. If it lies further ahead than the ring is long, the oldest packets
    /// give way: somebody stopped taking. They show as lost_before of the next one and in `discarded`.
    Stored store(const StoredPacket& packet, ByteView payload);

    const StoredPacket* at(std::int64_t index) const; ///< null if it is not there
    const StoredPacket* first() const;                ///< the oldest there is; null if there is none
    ByteView payload(const StoredPacket& packet) const;

    /// Gives a packet away, and everything before it up. Returns how many were missing right before it.
    std::uint16_t take(const StoredPacket& packet);

    /// Earliest arrival of what is stored from `index` on; INT64_MAX if there is nothing.
    std::int64_t earliest_arrival_from(std::int64_t index) const;

    std::int64_t next() const { return next_; }       ///< index of the packet whose turn it is
    std::int64_t highest() const { return highest_; } ///< largest index ever stored
    std::uint64_t discarded() const { return discarded_; }

private:
    struct Slot {
        StoredPacket packet;
        std::uint16_t place = 0; // of its payload, while it is present
        bool present = false;
    };

    Slot& slot(std::int64_t index) { return slots_[static_cast<std::size_t>(index) & mask_]; }
    const Slot& slot(std::int64_t index) const { return slots_[static_cast<std::size_t>(index) & mask_]; }
    void make_room(std::int64_t index);
    void vacate(Slot& slot);
    std::uint8_t* payload_of(const Slot& slot) const;

    std::size_t mask_;
    std::vector<Slot> slots_;
    std::unique_ptr<std::uint8_t[]> payloads_; // not written to before it is used
    std::vector<std::uint16_t> free_;          // places; the last was used last
    bool any_ = false;
    bool taken_any_ = false;
    std::int64_t next_ = 0;
    std::int64_t after_taken_ = 0; // one past the last packet that was given away
    std::int64_t highest_ = -1;
    std::uint64_t discarded_ = 0;
};

} // namespace jackfield::rtp
