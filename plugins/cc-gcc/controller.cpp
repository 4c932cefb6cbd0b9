// Google's congestion control (draft-ietf-rmcat-gcc-02).
//
// Threads: see the header.
#include "controller.hpp"

#include <nlohmann/json.hpp>

namespace jackfield::gcc {

namespace {

constexpr std::int64_t kTickNs = 50 * kMsNs;
/// Without a word from the peer, though packets are on their way, the rate is halved, once in so much time.
constexpr std::int64_t kSilenceNs = kSecondNs;

} // namespace

void Controller::set_streams(std::span<const jf_rate_stream> streams, std::int64_t now_ns) noexcept
{
    bounds_.set(streams);
    if (!started_) {
        started_ = true;
        by_delay_.start(bounds_.start_bps());
        by_loss_.start(bounds_.start_bps());
        last_feedback_ns_ = last_cut_ns_ = last_report_ns_ = now_ns;
    }
    settle();
}

void Controller::sent(const jf_sent_packet&) noexcept
{}

void Controller::feedback(const jf_rate_feedback& feedback) noexcept
{
    if (feedback.report_count == 0)
        return;
    hears_ = true;
    last_feedback_ns_ = feedback.now_ns;
    if (feedback.round_trip_ns >= 0)
        round_trip_ns_ = std::min(feedback.round_trip_ns, 10 * kSecondNs);
    std::uint64_t received = 0;
    Usage usage = usage_;
    for (const jf_packet_report& report : std::span(feedback.reports, feedback.report_count)) {
        if (report.received == 0)
            continue;
        ++received;
        delivered_.arrived(report.arrival_ns, report.size_bytes);
        if (const auto growth = filter_.arrived(report.sent_ns, report.arrival_ns)) {
            usage = detector_.detect(*growth);
            if (usage == Usage::overuse)
                by_delay_.update(usage, delivered_.bps(), round_trip_ns_, feedback.now_ns);
        }
    }
    if (usage != Usage::overuse || usage_ == Usage::overuse)
        by_delay_.update(usage == Usage::overuse ? Usage::normal : usage, delivered_.bps(), round_trip_ns_,
                         feedback.now_ns);
    usage_ = usage;
    by_loss_.reported(received, feedback.report_count - received, round_trip_ns_, feedback.now_ns, target_bps());
    settle();
}

/// A peer that gives no feedback reports its losses all the same.
void Controller::reported(std::uint32_t, std::uint32_t fraction_lost, std::int64_t round_trip_ns,
                          std::int64_t now_ns) noexcept
{
    if (round_trip_ns >= 0)
        round_trip_ns_ = std::min(round_trip_ns, 10 * kSecondNs);
    if (hears_)
        return;
    by_loss_.adjust(std::min(fraction_lost, 256U) / 256.0, rates::seconds(now_ns - last_report_ns_), target_bps());
    last_report_ns_ = now_ns;
    settle();
}

std::int64_t Controller::tick(const jf_rate_moment& moment) noexcept
{
    if (moment.in_flight_bytes == 0)
        last_feedback_ns_ = std::max(last_feedback_ns_, moment.now_ns - kSilenceNs / 2);
    const std::int64_t patience_ns = kSilenceNs + std::min(2 * round_trip_ns_, 2 * kSecondNs);
    if (hears_ && moment.now_ns - last_feedback_ns_ > patience_ns && moment.now_ns - last_cut_ns_ > patience_ns) {
        last_cut_ns_ = moment.now_ns;
        by_delay_.limit(by_delay_.bps() / 2);
        settle();
    }
    return moment.now_ns + kTickNs;
}

double Controller::target_bps() const
{
    return bounds_.clamp(hears_ ? std::min(by_delay_.bps(), by_loss_.bps()) : by_loss_.bps());
}

void Controller::settle()
{
    by_delay_.limit(bounds_.clamp(by_delay_.bps()));
    by_loss_.limit(bounds_.clamp(by_loss_.bps()));
}

void Controller::targets(jf_rate_targets& targets) noexcept
{
    bounds_.share(target_bps(), targets);
    targets.pacing_bps = rates::to_bps(target_bps() * options_.pacing_factor);
    targets.window_bytes = 0;
}

std::string Controller::statistics()
{
    constexpr const char* kUsages[] = {"normal", "overuse", "underuse"};
    constexpr const char* kStates[] = {"hold", "increase", "decrease"};
    return nlohmann::json{
        {"usage", kUsages[static_cast<int>(usage_)]},    {"state", kStates[static_cast<int>(by_delay_.state())]},
        {"delay_bps", std::round(by_delay_.bps())},      {"loss_bps", std::round(by_loss_.bps())},
        {"delivered_bps", std::round(delivered_.bps())}, {"threshold_ms", detector_.threshold_ms()}}
        .dump();
}

} // namespace jackfield::gcc
