// How much may be on its way: grows while packets wait less than the target, shrinks when they wait longer, when one is
// lost, and when one is marked (RFC 8298 section 4.1.2).
//
// Threads: belongs to one controller. Nothing here allocates.
#pragma once

#include "queue_delay.hpp"

namespace jackfield::scream {

/// What one feedback says, in sum.
struct Acknowledged {
    double bytes = 0;
    double in_flight_bytes = 0; // as it was before
    bool loss = false;
    bool marked = false; // RFC 3168: congestion experienced
};

class CongestionWindow {
public:
    /// target_s: how long packets may wait in the network.
    explicit CongestionWindow(double target_s) : target_s_(target_s) {}

    void update(const Acknowledged& heard, QueueDelay& queue, std::int64_t round_trip_ns, std::int64_t now_ns);
    void silence()
    {
        window_ = kLeast;
        fast_ = false;
    }

    double bytes() const { return window_; }
    double target_s() const { return target_s_; }
    bool fast_increase() const { return fast_; }
    /// Since the last call: the rate has to fall.
    bool take_loss() { return std::exchange(loss_event_, false); }
    bool take_mark() { return std::exchange(mark_event_, false); }

private:
    bool react(const Acknowledged& heard, std::int64_t round_trip_ns, std::int64_t now_ns);
    void grow(const Acknowledged& heard, double delay_s);
    void set_fast(const QueueDelay& queue, std::int64_t now_ns);

    static constexpr double kLeast = 3000;
    static constexpr double kSegment = 1000;

    const double target_s_;
    double window_ = kLeast * 2;
    double window_at_loss_ = 1;
    bool fast_ = true;
    std::int64_t calm_since_ns_ = 0;
    std::int64_t last_event_ns_ = 0;
    bool loss_event_ = false;
    bool mark_event_ = false;
    std::array<double, 5> most_in_flight_{}; // of the last five seconds
    std::int64_t second_begun_ns_ = 0;
};

} // namespace jackfield::scream
