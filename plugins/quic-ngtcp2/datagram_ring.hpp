// Datagrams that wait for the congestion window: few, because what is late is worth nothing. All memory is there from
// the start.
//
// Threads: none of its own; the connection's lock is held.
#pragma once

#include <jackfield/path.hpp>

#include <array>

namespace quic_ngtcp2 {

class DatagramRing {
public:
    static constexpr std::size_t kDatagrams = 64;

    explicit DatagramRing(std::size_t largest) : largest_(largest), bytes_(kDatagrams * largest) {}

    struct Waiting {
        std::uint64_t id = 0; // of a sign of life; 0 for all others
        std::size_t size = 0;
        std::uint8_t* data = nullptr;
    };

    bool empty() const { return count_ == 0; }
    bool full() const { return count_ == kDatagrams; }
    bool half_empty() const { return count_ <= kDatagrams / 2; }

    /// It is not full, and both together are not larger than the largest.
    void push(std::uint64_t id, jackfield::ByteView head, std::span<const jf_bytes> parts)
    {
        const std::size_t slot = (first_ + count_++) % kDatagrams;
        std::uint8_t* data = bytes_.data() + slot * largest_;
        std::size_t size = head.size();
        std::memcpy(data, head.data(), head.size());
        for (const auto& part : parts) {
            if (part.size > 0)
                std::memcpy(data + size, part.data, part.size);
            size += part.size;
        }
        waiting_[slot] = {id, size, data};
    }

    const Waiting& front() const { return waiting_[first_]; }

    void pop()
    {
        first_ = (first_ + 1) % kDatagrams;
        --count_;
    }

private:
    std::size_t largest_;
    jackfield::Bytes bytes_;
    std::array<Waiting, kDatagrams> waiting_{};
    std::size_t first_ = 0;
    std::size_t count_ = 0;
};

} // namespace quic_ngtcp2
