// What one sees of a peer's packets in the order they arrive: sequence, loss, jitter (RFC 3550 appendix A.1, A.3, A.8).
//
// Threads: guarded by the lock of the stream's receiving half. Nothing here allocates.
#pragma once

#include <cstdint>
#include <optional>

namespace jackfield::rtp {

/// Where a packet stands.
struct Placement {
    enum class Kind {
        normal,
        restart, ///< the first of a new source or after a jump: timestamps before and after do not belong together
        late,    ///< too old to have a place
        refused  ///< perhaps the first after a jump; the next one decides
    };
    Kind kind = Kind::refused;
    std::int64_t index = 0;        ///< counts up by one from packet to packet, over wraps and restarts
    std::uint16_t lost_before = 0; ///< packets missing in front of it that the index does not show
};

/// Follows the sequence numbers of one media line. Sources may replace each other; the index runs on.
class SequenceTracker {
public:
    /// authentic: packets are checked by SRTP, so a jump is believed at once instead of at the second packet.
    /// widest_gap: a larger gap is not shown in the index but in lost_before.
    SequenceTracker(bool authentic, std::int64_t widest_gap) : authentic_(authentic), widest_gap_(widest_gap) {}

    /// The next packet is the first of another source.
    void new_source();

    Placement place(std::uint16_t sequence);

    /// The packet was neither a duplicate nor refused.
    void count_received() { ++received_; }

    std::uint32_t extended_highest() const { return static_cast<std::uint32_t>(highest_); }
    std::int64_t lost() const { return epoch_lost(); } ///< of this source, negative if doubled (A.3)
    std::int64_t lost_in_all() const;                  ///< of all sources, for the statistics
    std::uint8_t fraction_lost();                      ///< since the last call (A.3)
    bool started() const { return started_; }

private:
    Placement start(std::uint16_t sequence, std::uint16_t lost_before);
    Placement advance(std::int64_t by);

    std::int64_t epoch_lost() const { return started_ ? highest_ - base_ + 1 - received_ : 0; }

    bool authentic_;
    std::int64_t widest_gap_;
    bool started_ = false;
    std::int64_t base_ = 0;                           // extended sequence number of the first packet
    std::int64_t highest_ = 0;                        // extended: cycles in the upper bits
    std::int64_t floor_ = 0;                          // below it the index means something else by now
    std::int64_t shift_ = 0;                          // index = extended sequence number + shift
    std::int64_t next_index_ = std::int64_t{1} << 32; // far from 0: reordering at the start may go below
    std::optional<std::uint16_t> expected_after_jump_;
    std::int64_t received_ = 0;
    std::int64_t earlier_lost_ = 0;
    std::int64_t expected_prior_ = 0;
    std::int64_t received_prior_ = 0;
};

/// Interarrival jitter (RFC 3550 section 6.4.1, appendix A.8).
class JitterMeter {
public:
    explicit JitterMeter(std::uint32_t clock_rate_hz) : clock_rate_hz_(clock_rate_hz) {}

    void arrived(std::uint32_t rtp_timestamp, std::int64_t arrival_ns);
    void forget() { known_ = false; } ///< a timeline ended; the estimate stays

    std::uint32_t units() const { return static_cast<std::uint32_t>(jitter_); }
    double milliseconds() const { return jitter_ * 1000.0 / clock_rate_hz_; }

private:
    std::uint32_t clock_rate_hz_;
    bool known_ = false;
    std::uint32_t last_transit_ = 0;
    double jitter_ = 0;
};

} // namespace jackfield::rtp
