// Whether the queue grows, shrinks or neither: its growth against a threshold that adapts, so that neither TCP beside
// us starves us nor noise is taken for a queue (draft-ietf-rmcat-gcc-02 section 5.4).
//
// Threads: belongs to one controller. Nothing here allocates.
#pragma once

#include "arrival_filter.hpp"

namespace jackfield::gcc {

enum class Usage { normal, overuse, underuse };

class OveruseDetector {
public:
    Usage detect(const QueueGrowth& growth)
    {
        // The draft compares the growth of one group; an estimate that rests on more of them counts for as many, up
        // to 60.
        const double growth_ms = growth.estimate_ms * std::min(growth.groups, 60);
        const double since_ms = last_ns_ == 0 ? 0 : static_cast<double>(growth.at_ns - last_ns_) / 1e6;
        last_ns_ = growth.at_ns;
        if (growth_ms > threshold_ms_) {
            over_ms_ += std::clamp(since_ms, 0.0, 100.0);
            ++over_count_;
            if (over_ms_ > kOveruseMs && over_count_ > 1 && growth.estimate_ms >= last_estimate_ms_) {
                over_ms_ = 0;
                over_count_ = 0;
                usage_ = Usage::overuse;
            }
        } else {
            over_ms_ = 0;
            over_count_ = 0;
            usage_ = growth_ms < -threshold_ms_ ? Usage::underuse : Usage::normal;
        }
        last_estimate_ms_ = growth.estimate_ms;
        adapt(std::abs(growth_ms), std::clamp(since_ms, 0.0, 100.0));
        return usage_;
    }

    double threshold_ms() const { return threshold_ms_; }

private:
    void adapt(double growth_ms, double since_ms)
    {
        if (growth_ms > threshold_ms_ + 15)
            return; // an outlier
        const double k = growth_ms < threshold_ms_ ? kDown : kUp;
        threshold_ms_ = std::clamp(threshold_ms_ + since_ms * k * (growth_ms - threshold_ms_), 6.0, 600.0);
    }

    static constexpr double kOveruseMs = 10;
    static constexpr double kUp = 0.01;
    static constexpr double kDown = 0.00018;

    double threshold_ms_ = 12.5;
    double over_ms_ = 0;
    int over_count_ = 0;
    double last_estimate_ms_ = 0;
    std::int64_t last_ns_ = 0;
    Usage usage_ = Usage::normal;
};

} // namespace jackfield::gcc
