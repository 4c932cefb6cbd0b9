// What encoders are to aim at, every 200 ms, so that what they make fits through the window (RFC 8298 section 4.1.3).
//
// Threads: belongs to one controller. Nothing here allocates.
#pragma once

#include "congestion_window.hpp"

namespace jackfield::scream {

struct MediaMoment {
    double sent_bps = 0;      // what left lately
    double delivered_bps = 0; // what arrived lately; 0: not known
    double queued_s = 0;      // how long the oldest packet has waited in the transport
    double queued_bytes = 0;
};

class MediaRate {
public:
    void start(double bps) { bps_ = bps; }
    double bps() const { return bps_; }
    void limit(double bps) { bps_ = bps; }

    void adjust(const MediaMoment& moment, CongestionWindow& window, const QueueDelay& queue, double seconds)
    {
        if (window.take_loss()) {
            last_cut_bps_ = bps_;
            bps_ *= kBetaLoss;
            return;
        }
        if (window.take_mark()) {
            last_cut_bps_ = bps_;
            bps_ *= kBetaMark;
            return;
        }
        const double current_bps = std::max(moment.sent_bps, moment.delivered_bps);
        if (window.fast_increase() && moment.queued_s < kQueuedCalmS && queue.trend() < 0.2) {
            // Slower near where it was cut last.
            const double distance = last_cut_bps_ <= 0 ? 1 : std::abs(bps_ - last_cut_bps_) / last_cut_bps_ * 4;
            const double ramp =
                kRampPerSecond * std::clamp(bps_ / 1e6, 0.2, 2.0) * std::clamp(distance * distance, 0.2, 1.0);
            if (current_bps <= 0 || bps_ < 1.5 * current_bps + 20'000)
                bps_ += ramp * seconds;
            return;
        }
        if (moment.queued_s > kQueuedMuchS) {
            bps_ *= kQueuedMuch;
            return;
        }
        if (current_bps <= 0)
            return;
        const double wanted = current_bps * (1 - kGuard * queue.trend()) - moment.queued_bytes * 8 * kQueueFactor;
        const double step = wanted - bps_;
        if (step > 0) { // what is sent follows what is allowed, so that alone would never grow
            bps_ += std::min(step, kRampPerSecond * seconds);
        } else if (queue.average_fraction() > 1 || moment.queued_s > kQueuedCalmS) {
            bps_ = std::max(bps_ + step, bps_ * kMostDown); // so that the queue empties
        }
        if (queue.average_fraction() > 1.2)
            bps_ = std::min(bps_, std::max(moment.delivered_bps, 1.0) * kDrain);
        if (queue.average_fraction() < 0.8 && moment.queued_s < kQueuedCalmS && bps_ < 1.2 * current_bps + 20'000)
            bps_ *= 1 + 0.08 * seconds * (1 - queue.average_fraction());
    }

private:
    static constexpr double kBetaLoss = 0.9;
    static constexpr double kBetaMark = 0.95;
    static constexpr double kGuard = 0.1;
    static constexpr double kQueueFactor = 1.0;
    static constexpr double kRampPerSecond = 200'000;
    static constexpr double kQueuedCalmS = 0.06;
    static constexpr double kQueuedMuchS = 0.2;
    static constexpr double kQueuedMuch = 0.95;

    static constexpr double kMostDown = 0.85;
    static constexpr double kDrain = 0.95;

    double bps_ = 0;
    double last_cut_bps_ = 0;
};

} // namespace jackfield::scream
