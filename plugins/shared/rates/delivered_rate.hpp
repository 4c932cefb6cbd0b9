// How fast packets came out of the network lately, by the peer's clock: bytes that arrived within a window of time.
//
// Threads: belongs to one controller. Nothing here allocates.
#pragma once

#include "limits.hpp"

namespace jackfield::rates {

class DeliveredRate {
public:
    explicit DeliveredRate(std::int64_t window_ns) : window_ns_(window_ns) {}

    void arrived(std::int64_t arrival_ns, std::uint32_t bytes)
    {
        // A clock that jumps is another clock.
        if (count_ != 0 && (arrival_ns < newest_ns_ - 2 * kSecondNs || arrival_ns > newest_ns_ + 10 * kSecondNs))
            count_ = bytes_ = 0;
        newest_ns_ = count_ == 0 ? arrival_ns : std::max(newest_ns_, arrival_ns);
        if (count_ == kCapacity)
            drop();
        entries_[(first_ + count_++) % kCapacity] = {arrival_ns, bytes};
        bytes_ += bytes;
        while (count_ != 0 && entries_[first_].arrival_ns <= newest_ns_ - window_ns_)
            drop();
    }

    /// 0 as long as too little has come to say.
    double bps() const
    {
        if (count_ < 2)
            return 0;
        const std::int64_t span_ns = newest_ns_ - entries_[first_].arrival_ns;
        if (count_ < kCapacity && span_ns < window_ns_ / 2)
            return 0;
        // The first packet began to come before the span.
        return static_cast<double>(bytes_ - entries_[first_].bytes) * 8 / std::max(seconds(span_ns), 0.001);
    }

    void forget() { count_ = bytes_ = 0; }

private:
    struct Entry {
        std::int64_t arrival_ns;
        std::uint32_t bytes;
    };

    void drop()
    {
        bytes_ -= entries_[first_].bytes;
        first_ = (first_ + 1) % kCapacity;
        --count_;
    }

    static constexpr std::size_t kCapacity = 1024;
    std::int64_t window_ns_;
    std::array<Entry, kCapacity> entries_{};
    std::size_t first_ = 0;
    std::size_t count_ = 0;
    std::uint64_t bytes_ = 0;
    std::int64_t newest_ns_ = 0;
};

} // namespace jackfield::rates
