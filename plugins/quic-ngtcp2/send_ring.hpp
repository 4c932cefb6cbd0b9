// What one channel of bytes has to send: kept, and at the same place, until the peer has it, as ngtcp2 wants it.
//
// Threads: none of its own; the connection's lock is held. Memory comes with the first byte and stays.
#pragma once

#include <jackfield/path.hpp>

#include <ngtcp2/ngtcp2.h>

#include <array>

namespace quic_ngtcp2 {

class SendRing {
public:
    explicit SendRing(std::size_t capacity) : capacity_(capacity) {}

    bool has_room(std::size_t more) const { return static_cast<std::size_t>(end_ - acked_) + more <= capacity_; }

    /// There is room.
    void push(std::span<const jf_bytes> parts)
    {
        bytes_.resize(capacity_);
        for (const auto& part : parts) {
            for (std::size_t taken = 0; taken < part.size;) {
                const std::size_t at = place(end_);
                const std::size_t piece = std::min(part.size - taken, capacity_ - at);
                std::memcpy(bytes_.data() + at, part.data + taken, piece);
                taken += piece;
                end_ += piece;
            }
        }
    }

    bool unsent() const { return sent_ < end_; }

    /// What has not been sent, in at most two pieces; how many is returned.
    std::size_t front(std::array<ngtcp2_vec, 2>& pieces)
    {
        if (!unsent())
            return 0;
        const std::size_t at = place(sent_);
        const auto size = static_cast<std::size_t>(end_ - sent_);
        const std::size_t first = std::min(size, capacity_ - at);
        pieces[0] = {bytes_.data() + at, first};
        pieces[1] = {bytes_.data(), size - first};
        return size > first ? 2 : 1;
    }

    void sent(std::size_t count) { sent_ += count; }
    void acknowledged(std::uint64_t until) { acked_ = std::max(acked_, std::min(until, sent_)); }

private:
    std::size_t place(std::uint64_t offset) const { return static_cast<std::size_t>(offset % capacity_); }

    std::size_t capacity_;
    jackfield::Bytes bytes_;
    std::uint64_t acked_ = 0; // offsets in the stream
    std::uint64_t sent_ = 0;
    std::uint64_t end_ = 0;
};

} // namespace quic_ngtcp2
