// When a packet is to be played: its media time, laid on the host's clock, plus a delay that swallows the jitter.
//
// The transit of a packet is its arrival minus its media time. The fastest of the last seconds is the network without
// its jitter; how far the slowest stood behind it is the delay one needs. The clock goes back at once when a packet
// comes later than planned, and forward by 2 % at most, or at once in the silence before a talk spurt. Two windows of
// four seconds let it follow drifting clocks and forget an outlier. Six more are remembered for their jitter alone:
// below 20 ms it keeps three times of what they had, so that the least delay is for networks that are quiet for half a
// minute. Threads: guarded by the lock of the stream's receiving half. Nothing here allocates.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace jackfield::rtp {

class PlayoutClock {
public:
    PlayoutClock(std::uint32_t clock_rate_hz, std::int64_t min_delay_ns, std::int64_t max_delay_ns);

    /// Learns from an arrival and returns the packet's media time. discontinuity: its timestamp has nothing to do with
    /// those before. talk_spurt: silence lies before it (RFC 3551 section 4.1), so the clock may jump.
    std::int64_t arrived(std::uint32_t rtp_timestamp, std::int64_t arrival_ns, bool discontinuity, bool talk_spurt);

    std::int64_t due_ns(std::int64_t media_ns) const { return media_ns + offset_ns_; }

    /// What the clock adds to the fastest packet's transit.
    std::int64_t delay_ns() const { return offset_ns_ - fastest(); }

private:
    struct Window {
        std::int64_t fastest_ns;
        std::int64_t slowest_ns;
    };

    std::int64_t media_time(std::uint32_t rtp_timestamp);
    void begin_timeline(std::uint32_t rtp_timestamp, std::int64_t media_ns);
    void learn(std::int64_t transit_ns, std::int64_t arrival_ns);
    std::int64_t least_delay_ns() const;
    std::int64_t fastest() const;
    std::int64_t slowest() const;

    std::uint32_t clock_rate_hz_;
    std::int64_t min_delay_ns_;
    std::int64_t max_delay_ns_;
    bool started_ = false;
    std::uint32_t last_timestamp_ = 0;
    std::int64_t units_ = 0; // since the timeline began
    std::int64_t timeline_start_ns_ = 0;
    Window now_{0, 0};
    Window before_{0, 0};
    std::array<std::int64_t, 6> earlier_jitter_ns_; // of the windows before those two
    std::size_t oldest_ = 0;
    std::int64_t window_start_ns_ = 0;
    std::int64_t last_arrival_ns_ = 0;
    std::int64_t offset_ns_ = 0;
};

} // namespace jackfield::rtp
