// SCReAM: a window for what is on its way, and a rate for encoders that fits through it (RFC 8298).
//
// Threads: see <jackfield/abi/congestion_control.h>. Nothing here allocates after construction.
#pragma once

#include "media_rate.hpp"

#include <shared/rates/delivered_rate.hpp>

namespace jackfield::scream {

struct Options {
    rates::Limits limits;
    double queue_delay_target_ms = 60;
};

class Controller final : public RateController {
public:
    explicit Controller(const Options& options) : bounds_(options.limits), window_(options.queue_delay_target_ms / 1000)
    {}

    void set_streams(std::span<const jf_rate_stream> streams, std::int64_t now_ns) noexcept override;
    void sent(const jf_sent_packet& packet) noexcept override { sent_.arrived(packet.sent_ns, packet.size_bytes); }
    void feedback(const jf_rate_feedback& feedback) noexcept override;
    void reported(std::uint32_t stream, std::uint32_t fraction_lost, std::int64_t round_trip_ns,
                  std::int64_t now_ns) noexcept override;
    std::int64_t tick(const jf_rate_moment& moment) noexcept override;
    void targets(jf_rate_targets& targets) noexcept override;
    std::string statistics() override;

private:
    rates::Bounds bounds_;
    QueueDelay queue_;
    CongestionWindow window_;
    MediaRate rate_;
    rates::DeliveredRate sent_{kSecondNs / 2};
    rates::DeliveredRate delivered_{kSecondNs / 2};
    bool started_ = false;
    bool hears_ = false;
    std::int64_t round_trip_ns_ = 100 * kMsNs;
    std::int64_t last_feedback_ns_ = 0;
    std::int64_t adjusted_ns_ = 0;
    std::int64_t last_report_ns_ = 0;
    std::int64_t last_silence_ns_ = 0;
};

} // namespace jackfield::scream
