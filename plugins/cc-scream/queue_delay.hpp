// How long packets wait in the network: their transit beyond the fastest of the last minutes, and whether that grows
// (RFC 8298 section 4.1.2.1).
//
// Threads: belongs to one controller. Nothing here allocates.
#pragma once

#include <shared/rates/limits.hpp>

namespace jackfield::scream {

using rates::kMsNs;
using rates::kSecondNs;

class QueueDelay {
public:
    /// A packet that arrived. The peer's clock has another zero, and may drift: the fastest is forgotten after minutes.
    void arrived(std::int64_t sent_ns, std::int64_t arrival_ns, std::int64_t now_ns)
    {
        const std::int64_t transit_ns = arrival_ns - sent_ns;
        if (!any_ || transit_ns - last_transit_ns_ > 60 * kSecondNs || last_transit_ns_ - transit_ns > 60 * kSecondNs) {
            bases_.fill(transit_ns); // another clock
            any_ = true;
            base_begun_ns_ = now_ns;
        }
        last_transit_ns_ = transit_ns;
        if (now_ns - base_begun_ns_ > kBaseNs) {
            std::copy_backward(bases_.begin(), bases_.end() - 1, bases_.end());
            bases_.front() = transit_ns;
            base_begun_ns_ = now_ns;
        }
        bases_.front() = std::min(bases_.front(), transit_ns);
        const std::int64_t base_ns = *std::min_element(bases_.begin(), bases_.end());
        delay_s_ = std::clamp(rates::seconds(transit_ns - base_ns), 0.0, 10.0);
    }

    /// Once for each feedback.
    void look(double target_s, std::int64_t now_ns)
    {
        const double fraction = delay_s_ / target_s;
        average_ += kWeight * (fraction - average_);
        if (now_ns - looked_ns_ < 50 * kMsNs)
            return;
        looked_ns_ = now_ns;
        history_[at_++ % history_.size()] = average_;
        trend_ = at_ < history_.size() ? 0 : std::clamp(correlation() * average_, 0.0, 1.0);
        trend_memory_ = std::max(0.99 * trend_memory_, trend_);
    }

    double delay_s() const { return delay_s_; }
    double average_fraction() const { return average_; } ///< of the target
    double trend() const { return trend_; }              ///< 0..1: it grows
    double trend_memory() const { return trend_memory_; }

private:
    /// R(1) / R(0) of the history, oldest first.
    double correlation() const
    {
        double mean = 0;
        for (const double value : history_)
            mean += value / static_cast<double>(history_.size());
        double r0 = 0;
        double r1 = 0;
        double before = 0;
        for (std::size_t i = 0; i < history_.size(); ++i) {
            const double value = history_[(at_ + i) % history_.size()] - mean;
            r0 += value * value;
            r1 += i == 0 ? 0 : value * before;
            before = value;
        }
        return r0 > 1e-9 ? r1 / r0 : 0;
    }

    static constexpr double kWeight = 0.1;
    static constexpr std::int64_t kBaseNs = 60 * kSecondNs;
    std::array<std::int64_t, 10> bases_{}; // the fastest of each of the last minutes
    std::int64_t base_begun_ns_ = 0;
    std::int64_t last_transit_ns_ = 0;
    bool any_ = false;
    double delay_s_ = 0;
    double average_ = 0;
    std::array<double, 20> history_{};
    std::size_t at_ = 0;
    double trend_ = 0;
    double trend_memory_ = 0;
    std::int64_t looked_ns_ = 0;
};

} // namespace jackfield::scream
