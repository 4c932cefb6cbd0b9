// Packets of pictures that wait for their turn, and those that have left and may be asked for again.
//
// Threads: guarded by the lock of the stream's queue. All memory is taken at construction: kCapacity packets.
#pragma once

#include "rtp_packet.hpp"

namespace jackfield::rtp {

class SendHistory {
public:
    struct Packet {
        std::uint16_t sequence = 0;
        std::uint32_t timestamp = 0;
        std::uint16_t size_bytes = 0;
        std::uint8_t payload_type = 0;
        bool marker = false;
        std::uint8_t repairs = 0;
        std::int64_t queued_ns = 0;
        std::int64_t left_ns = 0;     ///< 0: it waits
        std::int64_t repaired_ns = 0; ///< sent again last
    };

    SendHistory() : packets_(kCapacity), payloads_(kCapacity * kMaxPayloadBytes) {}

    static constexpr std::size_t kCapacity = 512;
    static constexpr std::size_t kMostWaiting = 384;
    static constexpr std::int64_t kLongestWaitNs = 1'000'000'000;

    /// True if so many wait, or one so long, that nobody wants to see them any more.
    bool clogged(std::int64_t now_ns) const
    {
        return waiting() >= kMostWaiting || (waiting() != 0 && now_ns - front().queued_ns > kLongestWaitNs);
    }

    /// At the end of what waits. The payload is at most kMaxPayloadBytes.
    void put(const RtpHeader& header, ByteView payload, std::int64_t now_ns)
    {
        Packet& packet = at(end_);
        packet = {header.sequence,
                  header.timestamp,
                  static_cast<std::uint16_t>(payload.size()),
                  header.payload_type,
                  header.marker,
                  0,
                  now_ns,
                  0,
                  0};
        if (!payload.empty())
            std::memcpy(&payloads_[end_ % kCapacity * kMaxPayloadBytes], payload.data(), payload.size());
        waiting_bytes_ += packet.size_bytes;
        ++end_;
    }

    std::size_t waiting() const { return static_cast<std::size_t>(end_ - next_); }
    std::uint32_t waiting_bytes() const { return waiting_bytes_; }
    Packet& front() { return at(next_); } ///< of what waits, which is not nothing
    const Packet& front() const { return packets_[next_ % kCapacity]; }

    /// The front leaves, or is given up: then it cannot be asked for again.
    void pop(std::int64_t left_ns)
    {
        front().left_ns = left_ns;
        waiting_bytes_ -= front().size_bytes;
        ++next_;
    }

    /// One that has left; null if it is not kept any more.
    Packet* find(std::uint16_t sequence)
    {
        for (std::uint64_t back = 1; back <= kCapacity && back <= next_ && end_ - (next_ - back) <= kCapacity; ++back) {
            Packet& packet = at(next_ - back);
            if (packet.sequence == sequence)
                return packet.left_ns != 0 ? &packet : nullptr;
        }
        return nullptr;
    }

    ByteView payload(const Packet& packet) const
    {
        const auto index = static_cast<std::size_t>(&packet - packets_.data());
        return ByteView(payloads_).subspan(index * kMaxPayloadBytes, packet.size_bytes);
    }

private:
    Packet& at(std::uint64_t index) { return packets_[index % kCapacity]; }

    std::vector<Packet> packets_;
    Bytes payloads_;
    std::uint64_t next_ = 0; // of what waits
    std::uint64_t end_ = 0;
    std::uint32_t waiting_bytes_ = 0;
};

} // namespace jackfield::rtp
