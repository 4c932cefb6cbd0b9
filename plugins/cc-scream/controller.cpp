// SCReAM (RFC 8298).
//
// Threads: see the header.
#include "controller.hpp"

#include <nlohmann/json.hpp>

namespace jackfield::scream {

namespace {

constexpr std::int64_t kAdjustNs = 200 * kMsNs; // section 4.1.3: RATE_ADJUST_INTERVAL
constexpr double kPacingFactor = 1.5;           // section 4.1.2.6: over the window in a round trip
constexpr double kLeastPacing = 50'000;
constexpr std::int64_t kSilenceNs = kSecondNs;

} // namespace

void Controller::set_streams(std::span<const jf_rate_stream> streams, std::int64_t now_ns) noexcept
{
    bounds_.set(streams);
    if (!started_) {
        started_ = true;
        rate_.start(bounds_.start_bps());
        last_feedback_ns_ = adjusted_ns_ = last_report_ns_ = last_silence_ns_ = now_ns;
    }
    rate_.limit(bounds_.clamp(rate_.bps()));
}

void Controller::feedback(const jf_rate_feedback& feedback) noexcept
{
    if (feedback.report_count == 0)
        return;
    hears_ = true;
    last_feedback_ns_ = feedback.now_ns;
    if (feedback.round_trip_ns >= 0)
        round_trip_ns_ = std::clamp(feedback.round_trip_ns, kMsNs, 5 * kSecondNs);
    Acknowledged heard;
    double lost_bytes = 0;
    for (const jf_packet_report& report : std::span(feedback.reports, feedback.report_count)) {
        if (report.received == 0) {
            heard.loss = true;
            lost_bytes += report.size_bytes;
            continue;
        }
        heard.bytes += report.size_bytes;
        heard.marked = heard.marked || report.ecn == 3;
        delivered_.arrived(report.arrival_ns, report.size_bytes);
        queue_.arrived(report.sent_ns, report.arrival_ns, feedback.now_ns);
    }
    heard.in_flight_bytes = feedback.in_flight_bytes + heard.bytes + lost_bytes;
    window_.update(heard, queue_, round_trip_ns_, feedback.now_ns);
}

/// A peer that gives no feedback reports its losses: rates fall with them, and nothing else is known.
void Controller::reported(std::uint32_t, std::uint32_t fraction_lost, std::int64_t round_trip_ns,
                          std::int64_t now_ns) noexcept
{
    if (round_trip_ns >= 0)
        round_trip_ns_ = std::clamp(round_trip_ns, kMsNs, 5 * kSecondNs);
    if (hears_)
        return;
    const double loss = std::min(fraction_lost, 256U) / 256.0;
    const double passed_s = std::clamp(rates::seconds(now_ns - last_report_ns_), 0.0, 5.0);
    last_report_ns_ = now_ns;
    rate_.limit(bounds_.clamp(loss > 0.1    ? rate_.bps() * (1 - 0.5 * loss)
                              : loss < 0.02 ? rate_.bps() * std::pow(1.05, passed_s)
                                            : rate_.bps()));
}

std::int64_t Controller::tick(const jf_rate_moment& moment) noexcept
{
    if (moment.in_flight_bytes == 0)
        last_feedback_ns_ = std::max(last_feedback_ns_, moment.now_ns - kSilenceNs / 2);
    const std::int64_t patience_ns = kSilenceNs + std::min(2 * round_trip_ns_, 2 * kSecondNs);
    if (hears_ && moment.now_ns - last_feedback_ns_ > patience_ns && moment.now_ns - last_silence_ns_ > patience_ns) {
        last_silence_ns_ = moment.now_ns;
        window_.silence();
        rate_.limit(bounds_.clamp(rate_.bps() / 2));
    }
    if (hears_ && moment.now_ns - adjusted_ns_ >= kAdjustNs) {
        const double passed_s = std::min(rates::seconds(moment.now_ns - adjusted_ns_), 1.0);
        adjusted_ns_ = moment.now_ns;
        const double queued_s = moment.queued_bytes == 0
                                    ? 0
                                    : rates::seconds(std::max<std::int64_t>(moment.now_ns - moment.queued_since_ns, 0));
        rate_.adjust({sent_.bps(), delivered_.bps(), queued_s, static_cast<double>(moment.queued_bytes)}, window_,
                     queue_, passed_s);
        rate_.limit(bounds_.clamp(rate_.bps()));
    }
    return moment.now_ns + kAdjustNs / 4;
}

void Controller::targets(jf_rate_targets& targets) noexcept
{
    bounds_.share(rate_.bps(), targets);
    const double window_bps = window_.bytes() * 8 / std::max(rates::seconds(round_trip_ns_), 0.01);
    const double pacing = std::max({kLeastPacing, window_bps, rate_.bps()}) * kPacingFactor;
    targets.pacing_bps = rates::to_bps(hears_ ? std::min(pacing, rate_.bps() * 4) : rate_.bps() * 2);
    targets.window_bytes = hears_ ? static_cast<std::uint32_t>(std::min(window_.bytes() * 1.25, 4e9)) : 0;
}

std::string Controller::statistics()
{
    return nlohmann::json{{"window_bytes", std::round(window_.bytes())},
                          {"queue_delay_ms", queue_.delay_s() * 1000},
                          {"queue_delay_target_ms", window_.target_s() * 1000},
                          {"state", window_.fast_increase() ? "fast increase" : "steady"}}
        .dump();
}

} // namespace jackfield::scream
