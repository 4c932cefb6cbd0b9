// From arrivals to the growth of the queue: packets that left together are one group, and of the groups a Kalman filter
// estimates by how much each waits longer than the one before (draft-ietf-rmcat-gcc-02 sections 5.1 to 5.3).
//
// Threads: belongs to one controller. Nothing here allocates.
#pragma once

#include <shared/rates/limits.hpp>

#include <optional>

namespace jackfield::gcc {

using rates::kMsNs;
using rates::kSecondNs;

/// After one group: what the filter knows.
struct QueueGrowth {
    double estimate_ms = 0; ///< per group; above 0 the queue grows
    int groups = 0;         ///< that the estimate rests on
    std::int64_t at_ns = 0; ///< when the group had arrived, by the peer's clock
};

class ArrivalFilter {
public:
    /// One packet that arrived, in the order of sending. Something each time a group is complete.
    std::optional<QueueGrowth> arrived(std::int64_t sent_ns, std::int64_t arrival_ns);

    void forget();

private:
    struct Group {
        std::int64_t first_sent_ns = 0;
        std::int64_t last_sent_ns = 0;
        std::int64_t last_arrival_ns = 0;
        bool any = false;
    };

    std::optional<QueueGrowth> finish_group();
    void update(double variation_ms, double interval_ms);

    Group current_;
    Group before_;
    double estimate_ms_ = 0;    // m_hat
    double error_ = 0.1;        // e
    double noise_variance_ = 1; // var_v_hat
    double shortest_ms_ = 1000; // between groups lately: 1 / f_max
    int groups_ = 0;
};

} // namespace jackfield::gcc
