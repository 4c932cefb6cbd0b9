// The rate that losses allow: below 2 % up by 5 % a second, above 10 % down by half of what is lost, nothing between
// (draft-ietf-rmcat-gcc-02 section 6).
//
// Threads: belongs to one controller. Nothing here allocates.
#pragma once

#include <shared/rates/limits.hpp>

namespace jackfield::gcc {

class LossRate {
public:
    void start(double bps) { bps_ = bps; }

    /// Packets of which the peer said what became of them. target_bps: what is sent with now.
    void reported(std::uint64_t received, std::uint64_t lost, std::int64_t round_trip_ns, std::int64_t now_ns,
                  double target_bps)
    {
        received_ += received;
        lost_ += lost;
        if (begun_ns_ == 0)
            begun_ns_ = now_ns;
        const std::int64_t passed_ns = now_ns - begun_ns_;
        if (passed_ns < kLeastNs + std::clamp<std::int64_t>(round_trip_ns, 0, rates::kSecondNs) ||
            (received_ + lost_ < kLeastPackets && passed_ns < 4 * rates::kSecondNs) || received_ + lost_ == 0)
            return;
        adjust(static_cast<double>(lost_) / static_cast<double>(received_ + lost_), rates::seconds(passed_ns),
               target_bps);
        received_ = lost_ = 0;
        begun_ns_ = now_ns;
    }

    /// One share of losses over some time.
    void adjust(double loss, double seconds, double target_bps)
    {
        loss_ = loss;
        if (loss > 0.1)
            bps_ = std::min(bps_, target_bps) * (1 - 0.5 * loss);
        else if (loss < 0.02)
            bps_ *= std::pow(1.05, std::clamp(seconds, 0.0, 5.0));
    }

    double bps() const { return bps_; }
    double loss() const { return loss_; }
    void limit(double bps) { bps_ = bps; }

private:
    static constexpr std::int64_t kLeastNs = rates::kSecondNs;
    static constexpr std::uint64_t kLeastPackets = 100;

    double bps_ = 0;
    double loss_ = 0;
    std::uint64_t received_ = 0;
    std::uint64_t lost_ = 0;
    std::int64_t begun_ns_ = 0;
};

} // namespace jackfield::gcc
