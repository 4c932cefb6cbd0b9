// Slots for received payloads, found by index.
//
// Threads: guarded by the lock of the stream's receiving half.
#include "packet_ring.hpp"

#include "rtp_packet.hpp"

#include <limits>
#include <numeric>

namespace jackfield::rtp {

PacketRing::PacketRing(std::size_t capacity)
    : mask_(capacity - 1),
      slots_(capacity),
      payloads_(std::make_unique_for_overwrite<std::uint8_t[]>(capacity * kMaxPayloadBytes)),
      free_(capacity)
{
    std::iota(free_.rbegin(), free_.rend(), std::uint16_t{0}); // the first place is taken first
}

std::uint8_t* PacketRing::payload_of(const Slot& slot) const
{
    return &payloads_[std::size_t{slot.place} * kMaxPayloadBytes];
}

void PacketRing::vacate(Slot& slot)
{
    slot.present = false;
    free_.push_back(slot.place); // there is room for all
}

PacketRing::Stored PacketRing::store(const StoredPacket& packet, ByteView payload)
{
    const std::int64_t index = packet.index;
    const auto capacity = static_cast<std::int64_t>(slots_.size());
    if (!any_) {
        any_ = true;
        next_ = after_taken_ = index;
    } else if (!taken_any_ && index < next_ && highest_ - index < capacity) {
        next_ = after_taken_ = index; // the first packets of the call came swapped
    }
    Slot& target = slot(index);
    if (target.packet.index == index) // a slot remembers whom it held until another comes
        return Stored::duplicate;
    if (index < next_) {
        if (!target.present)
            target.packet.index = std::max(target.packet.index, index);
        return Stored::late;
    }
    make_room(index);
    if (!target.present) { // a slot that is has a place, so there is one for each that is not
        target.place = free_.back();
        free_.pop_back();
    }
    target.packet = packet;
    target.packet.size_bytes = static_cast<std::uint16_t>(payload.size());
    target.present = true;
    if (!payload.empty())
        std::memcpy(payload_of(target), payload.data(), payload.size());
    highest_ = std::max(highest_, index);
    return Stored::stored;
}

void PacketRing::make_room(std::int64_t index)
{
    const auto capacity = static_cast<std::int64_t>(slots_.size());
    const std::int64_t oldest_kept = index - capacity + 1;
    if (oldest_kept <= next_)
        return;
    for (std::int64_t i = next_; i <= std::min(highest_, oldest_kept - 1); ++i) {
        Slot& old = slot(i);
        if (old.present && old.packet.index == i) {
            vacate(old);
            ++discarded_;
        }
    }
    next_ = oldest_kept;
}

const StoredPacket* PacketRing::at(std::int64_t index) const
{
    const Slot& found = slot(index);
    return found.present && found.packet.index == index ? &found.packet : nullptr;
}

const StoredPacket* PacketRing::first() const
{
    for (std::int64_t i = next_; i <= highest_; ++i) {
        if (const StoredPacket* packet = at(i))
            return packet;
    }
    return nullptr;
}

ByteView PacketRing::payload(const StoredPacket& packet) const
{
    return {payload_of(slot(packet.index)), packet.size_bytes};
}

std::uint16_t PacketRing::take(const StoredPacket& packet)
{
    const std::int64_t missing = packet.index - after_taken_ + packet.lost_before;
    taken_any_ = true;
    const std::int64_t index = packet.index; // the packet is in the slot
    for (; next_ <= index; ++next_) {
        if (at(next_) != nullptr)
            vacate(slot(next_));
    }
    after_taken_ = next_;
    constexpr std::int64_t kMost = std::numeric_limits<std::uint16_t>::max();
    return static_cast<std::uint16_t>(std::clamp<std::int64_t>(missing, 0, kMost));
}

std::int64_t PacketRing::earliest_arrival_from(std::int64_t index) const
{
    std::int64_t earliest = std::numeric_limits<std::int64_t>::max();
    for (std::int64_t i = index; i <= highest_; ++i) {
        if (const StoredPacket* packet = at(i))
            earliest = std::min(earliest, packet->arrival_ns);
    }
    return earliest;
}

} // namespace jackfield::rtp
