// The rate that the delay allows: up by 8 % a second far from where it last was too much, by about a packet a round
// trip near there, down to 85 % of what arrived at overuse (draft-ietf-rmcat-gcc-02 section 5.5).
//
// Threads: belongs to one controller. Nothing here allocates.
#pragma once

#include "overuse_detector.hpp"

namespace jackfield::gcc {

class DelayRate {
public:
    enum class State { hold, increase, decrease };

    void start(double bps) { bps_ = bps; }

    /// delivered_bps 0: not known.
    void update(Usage usage, double delivered_bps, std::int64_t round_trip_ns, std::int64_t now_ns);

    double bps() const { return bps_; }
    void limit(double bps) { bps_ = bps; }
    State state() const { return state_; }

private:
    void increase(double delivered_bps, std::int64_t round_trip_ns, double since_s);
    void decrease(double delivered_bps, std::int64_t now_ns);
    bool near_ceiling(double delivered_bps) const;

    double bps_ = 0;
    State state_ = State::increase;
    std::int64_t last_ns_ = 0;
    std::int64_t last_decrease_ns_ = 0;
    double ceiling_kbps_ = -1; // what arrived when it was too much: mean and variance; below 0: not known
    double ceiling_variance_ = 0.4;
};

} // namespace jackfield::gcc
