// Which packets are missing, and when to ask for each: once it is clear that it was not overtaken, again after each
// round trip, a few times, and only while it can still come in time (RFC 4585 section 6.2.1, RFC 4588).
//
// Threads: guarded by the lock of the stream's receiving half. Nothing here allocates.
#pragma once

#include "jitter_buffer.hpp"
#include "wire.hpp"

#include <array>

namespace jackfield::rtp {

class RepairRequests {
public:
    static constexpr std::size_t kMostMissing = 128;
    static constexpr std::size_t kMostAtOnce = 64;
    static constexpr int kMostAsks = 4;
    static constexpr std::int64_t kReorderNs = 10 * kMillisecondNs;

    /// count packets are missing right before the one with this index and sequence number, which has just come. More
    /// than kMostAtOnce are past repair: a key frame is cheaper.
    void gap(std::int64_t index, std::uint16_t sequence, std::int64_t count, std::int64_t now_ns)
    {
        if (count > static_cast<std::int64_t>(kMostAtOnce))
            return;
        for (std::int64_t back = count; back > 0; --back) {
            Missing& one = missing_[at_++ % kMostMissing];
            one = {index - back, static_cast<std::uint16_t>(sequence - back), 0, now_ns, now_ns + kReorderNs, true};
            next_ns_ = std::min(next_ns_, one.due_ns);
        }
    }

    /// True if it had been asked for.
    bool arrived(std::int64_t index)
    {
        for (Missing& one : missing_) {
            if (one.open && one.index == index) {
                one.open = false;
                return one.asks != 0;
            }
        }
        return false;
    }

    /// What is to be asked for now, in rising order: no more than kMostAtOnce. Packets before `first` are given up, and
    /// `patience_ns` after it was missed nobody waits for one.
    std::size_t due(std::int64_t now_ns, std::int64_t round_trip_ns, std::int64_t first, std::int64_t patience_ns,
                    std::array<std::uint16_t, kMostAtOnce>& sequences)
    {
        if (now_ns < next_ns_)
            return 0;
        std::size_t count = 0;
        next_ns_ = kNothingDue;
        for (std::size_t i = 0; i < kMostMissing; ++i) { // oldest first
            Missing& one = missing_[(at_ + i) % kMostMissing];
            if (!one.open)
                continue;
            if (one.index < first || one.asks >= kMostAsks || now_ns + round_trip_ns > one.seen_ns + patience_ns) {
                one.open = one.index >= first; // it may still come
                continue;
            }
            if (now_ns >= one.due_ns && count < kMostAtOnce) {
                sequences[count++] = one.sequence;
                ++one.asks;
                one.due_ns = now_ns + round_trip_ns + kReorderNs;
            }
            next_ns_ = std::min(next_ns_, one.due_ns);
        }
        return count;
    }

    std::int64_t next_ns() const { return next_ns_; }

private:
    struct Missing {
        std::int64_t index = 0;
        std::uint16_t sequence = 0;
        int asks = 0;
        std::int64_t seen_ns = 0;
        std::int64_t due_ns = 0;
        bool open = false;
    };

    std::array<Missing, kMostMissing> missing_{};
    std::size_t at_ = 0;
    std::int64_t next_ns_ = kNothingDue;
};

} // namespace jackfield::rtp
