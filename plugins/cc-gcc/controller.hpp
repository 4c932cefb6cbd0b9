// Google's congestion control: the lower of what the delay and what the losses allow (draft-ietf-rmcat-gcc-02).
//
// Threads: see <jackfield/abi/congestion_control.h>. Nothing here allocates after construction.
#pragma once

#include "delay_rate.hpp"
#include "loss_rate.hpp"

#include <shared/rates/delivered_rate.hpp>

namespace jackfield::gcc {

struct Options {
    rates::Limits limits;
    double pacing_factor = 1.5;
};

class Controller final : public RateController {
public:
    explicit Controller(const Options& options) : options_(options), bounds_(options.limits) {}

    void set_streams(std::span<const jf_rate_stream> streams, std::int64_t now_ns) noexcept override;
    void sent(const jf_sent_packet& packet) noexcept override;
    void feedback(const jf_rate_feedback& feedback) noexcept override;
    void reported(std::uint32_t stream, std::uint32_t fraction_lost, std::int64_t round_trip_ns,
                  std::int64_t now_ns) noexcept override;
    std::int64_t tick(const jf_rate_moment& moment) noexcept override;
    void targets(jf_rate_targets& targets) noexcept override;
    std::string statistics() override;

private:
    double target_bps() const;
    void settle();

    Options options_;
    rates::Bounds bounds_;
    ArrivalFilter filter_;
    OveruseDetector detector_;
    DelayRate by_delay_;
    LossRate by_loss_;
    rates::DeliveredRate delivered_{500 * kMsNs}; // section 5.5: a window of 0.5 to 1 s
    Usage usage_ = Usage::normal;
    bool started_ = false;
    bool hears_ = false; // feedback comes at all
    std::int64_t last_feedback_ns_ = 0;
    std::int64_t last_report_ns_ = 0;
    std::int64_t last_cut_ns_ = 0;
    std::int64_t round_trip_ns_ = 100 * kMsNs;
};

} // namespace jackfield::gcc
