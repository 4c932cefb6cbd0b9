// The arrival-time filter (draft-ietf-rmcat-gcc-02 section 5.3).
//
// Threads: belongs to one controller.
#include "arrival_filter.hpp"

namespace jackfield::gcc {

namespace {

constexpr std::int64_t kBurstNs = 5 * kMsNs; // section 5.2: what leaves within it is one group
constexpr double kStateNoise = 1e-3;         // q
constexpr double kChi = 0.01;                // how fast the measured noise is followed
constexpr std::int64_t kPauseNs = 2 * kSecondNs;

} // namespace

void ArrivalFilter::forget()
{
    *this = ArrivalFilter();
}

std::optional<QueueGrowth> ArrivalFilter::arrived(std::int64_t sent_ns, std::int64_t arrival_ns)
{
    if (!current_.any) {
        current_ = {sent_ns, sent_ns, arrival_ns, true};
        return std::nullopt;
    }
    if (sent_ns < current_.first_sent_ns)
        return std::nullopt;
    // What was held up somewhere and comes out at once says nothing about the queue: it belongs together, too.
    const std::int64_t gap_ns = arrival_ns - current_.last_arrival_ns;
    const bool burst = gap_ns <= kBurstNs && gap_ns < sent_ns - current_.last_sent_ns &&
                       arrival_ns - current_.last_arrival_ns < kBurstNs &&
                       sent_ns - current_.first_sent_ns < 100 * kMsNs;
    if (sent_ns - current_.first_sent_ns <= kBurstNs || burst) {
        current_.last_sent_ns = std::max(current_.last_sent_ns, sent_ns);
        current_.last_arrival_ns = std::max(current_.last_arrival_ns, arrival_ns);
        return std::nullopt;
    }
    const auto growth = finish_group();
    before_ = current_;
    current_ = {sent_ns, sent_ns, arrival_ns, true};
    return growth;
}

std::optional<QueueGrowth> ArrivalFilter::finish_group()
{
    if (!before_.any)
        return std::nullopt;
    const std::int64_t sent_ns = current_.last_sent_ns - before_.last_sent_ns;
    const std::int64_t arrived_ns = current_.last_arrival_ns - before_.last_arrival_ns;
    // Time that runs backwards, or a jump of a clock or a pause, is no queue.
    if (sent_ns <= 0 || sent_ns > kPauseNs || arrived_ns < -kSecondNs || arrived_ns > kPauseNs + kSecondNs) {
        groups_ = 0;
        estimate_ms_ = 0;
        return std::nullopt;
    }
    update(static_cast<double>(arrived_ns - sent_ns) / 1e6, static_cast<double>(sent_ns) / 1e6);
    ++groups_;
    return QueueGrowth{estimate_ms_, groups_, current_.last_arrival_ns};
}

void ArrivalFilter::update(double variation_ms, double interval_ms)
{
    shortest_ms_ = std::max(std::min(shortest_ms_ * 1.02, interval_ms), 1.0);
    double z = variation_ms - estimate_ms_;
    const double most = 3 * std::sqrt(noise_variance_);
    z = std::clamp(z, -most, most); // an outlier is no more than that
    const double alpha = std::pow(1 - kChi, 30.0 / 1000.0 * shortest_ms_);
    noise_variance_ = std::max(alpha * noise_variance_ + (1 - alpha) * z * z, 1.0);
    const double gain = (error_ + kStateNoise) / (noise_variance_ + error_ + kStateNoise);
    estimate_ms_ += z * gain;
    error_ = (1 - gain) * (error_ + kStateNoise);
}

} // namespace jackfield::gcc
