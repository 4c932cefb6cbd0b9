// The rate control of the delay-based controller (draft-ietf-rmcat-gcc-02 section 5.5).
//
// Threads: belongs to one controller.
#include "delay_rate.hpp"

namespace jackfield::gcc {

namespace {

constexpr double kBeta = 0.85;
constexpr double kGrowthPerSecond = 1.08;
constexpr double kMostOverDelivered = 1.5;
constexpr double kPacketBits = 1200 * 8;

} // namespace

void DelayRate::update(Usage usage, double delivered_bps, std::int64_t round_trip_ns, std::int64_t now_ns)
{
    const double since_s = last_ns_ == 0 ? 0 : std::clamp(rates::seconds(now_ns - last_ns_), 0.0, 1.0);
    last_ns_ = now_ns;
    // The table of section 5.5: underuse means that queues empty, which is waited for.
    if (usage == Usage::overuse)
        state_ = State::decrease;
    else if (usage == Usage::underuse)
        state_ = State::hold;
    else if (state_ != State::increase)
        state_ = state_ == State::hold ? State::increase : State::hold;
    if (state_ == State::increase)
        increase(delivered_bps, round_trip_ns, since_s);
    else if (state_ == State::decrease)
        decrease(delivered_bps, now_ns);
}

bool DelayRate::near_ceiling(double delivered_bps) const
{
    if (ceiling_kbps_ < 0 || delivered_bps <= 0)
        return false;
    const double deviation = std::sqrt(ceiling_variance_ * ceiling_kbps_);
    return delivered_bps / 1000 > ceiling_kbps_ - 3 * deviation;
}

void DelayRate::increase(double delivered_bps, std::int64_t round_trip_ns, double since_s)
{
    if (ceiling_kbps_ >= 0 && delivered_bps / 1000 > ceiling_kbps_ + 3 * std::sqrt(ceiling_variance_ * ceiling_kbps_))
        ceiling_kbps_ = -1; // there is more than there was
    // A source that does not use what it may proves nothing.
    if (delivered_bps > 0 && bps_ > kMostOverDelivered * delivered_bps + 10'000)
        return;
    if (near_ceiling(delivered_bps)) {
        const double response_s = 0.1 + std::clamp(rates::seconds(round_trip_ns), 0.0, 2.0);
        const double alpha = 0.5 * std::min(since_s / response_s, 1.0);
        // Of a picture's packets, thirty a second, at this rate: how large one is.
        const double frame_bits = bps_ / 30;
        const double packet_bits = frame_bits / std::ceil(frame_bits / kPacketBits);
        bps_ += std::max(1000.0 * since_s, alpha * packet_bits);
    } else {
        bps_ = bps_ * std::pow(kGrowthPerSecond, since_s) + 1000 * since_s;
    }
}

void DelayRate::decrease(double delivered_bps, std::int64_t now_ns)
{
    last_decrease_ns_ = now_ns;
    if (delivered_bps <= 0) {
        bps_ *= kBeta;
        return;
    }
    const double lower = kBeta * delivered_bps;
    const double kbps = delivered_bps / 1000;
    if (ceiling_kbps_ >= 0 && kbps < ceiling_kbps_ - 3 * std::sqrt(ceiling_variance_ * ceiling_kbps_))
        ceiling_kbps_ = -1;
    constexpr double kSmooth = 0.95; // section 5.5: an exponential moving average
    ceiling_kbps_ = ceiling_kbps_ < 0 ? kbps : kSmooth * ceiling_kbps_ + (1 - kSmooth) * kbps;
    const double off = ceiling_kbps_ - kbps;
    ceiling_variance_ =
        std::clamp(kSmooth * ceiling_variance_ + (1 - kSmooth) * off * off / std::max(ceiling_kbps_, 1.0), 0.4, 2.5);
    bps_ = std::min(bps_, lower);
}

} // namespace jackfield::gcc
