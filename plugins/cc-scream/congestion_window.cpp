// The congestion window (RFC 8298 section 4.1.2.2 and 4.1.2.3).
//
// Threads: belongs to one controller.
#include "congestion_window.hpp"

namespace jackfield::scream {

namespace {

constexpr double kBetaLoss = 0.8;
constexpr double kBetaMark = 0.9;
constexpr double kMostOff = -4;   // how much longer than the target makes a difference
constexpr double kHeadRoom = 1.1; // over what was in flight at most
constexpr double kTrendEndsFast = 0.2;
constexpr double kTrendCalm = 0.2;
constexpr std::int64_t kCalmNs = 5 * kSecondNs; // then the window may grow fast again

} // namespace

void CongestionWindow::update(const Acknowledged& heard, QueueDelay& queue, std::int64_t round_trip_ns,
                              std::int64_t now_ns)
{
    queue.look(target_s_, now_ns);
    if (now_ns - second_begun_ns_ > kSecondNs) {
        std::copy_backward(most_in_flight_.begin(), most_in_flight_.end() - 1, most_in_flight_.end());
        most_in_flight_.front() = 0;
        second_begun_ns_ = now_ns;
    }
    most_in_flight_.front() = std::max(most_in_flight_.front(), heard.in_flight_bytes);
    if (!react(heard, round_trip_ns, now_ns)) {
        set_fast(queue, now_ns);
        grow(heard, queue.delay_s());
    }
    const double most = *std::max_element(most_in_flight_.begin(), most_in_flight_.end());
    if (!fast_ && most > 0)
        window_ = std::min(window_, std::max(most * kHeadRoom, kLeast * 2));
    window_ = std::clamp(window_, kLeast, 100e6);
}

/// Once a round trip at most. True if the window shrank.
bool CongestionWindow::react(const Acknowledged& heard, std::int64_t round_trip_ns, std::int64_t now_ns)
{
    if (!heard.loss && !heard.marked)
        return false;
    if (now_ns - last_event_ns_ < std::max(round_trip_ns, 50 * kMsNs))
        return false;
    last_event_ns_ = now_ns;
    fast_ = false;
    calm_since_ns_ = now_ns;
    window_at_loss_ = window_;
    window_ *= heard.loss ? kBetaLoss : kBetaMark;
    (heard.loss ? loss_event_ : mark_event_) = true;
    return true;
}

void CongestionWindow::set_fast(const QueueDelay& queue, std::int64_t now_ns)
{
    if (queue.trend() >= kTrendCalm || queue.average_fraction() > 0.5)
        calm_since_ns_ = now_ns;
    if (fast_ && (queue.trend() >= kTrendEndsFast || queue.average_fraction() > 1)) {
        fast_ = false;
        window_at_loss_ = window_;
    } else if (!fast_ && now_ns - calm_since_ns_ > kCalmNs) {
        fast_ = true;
    }
}

void CongestionWindow::grow(const Acknowledged& heard, double delay_s)
{
    if (fast_) {
        if (heard.in_flight_bytes * 1.5 + heard.bytes > window_)
            window_ += heard.bytes;
        return;
    }
    const double off_target = std::max((target_s_ - delay_s) / target_s_, kMostOff);
    double gain = 1;
    if (off_target > 0) {
        // Slower near where it was too much last.
        const double distance = std::abs(window_ - window_at_loss_) / window_at_loss_ * 4;
        gain = std::clamp(distance * distance, 0.2, 1.0);
        if (heard.in_flight_bytes * 1.25 + heard.bytes <= window_)
            return; // it is not used
    }
    window_ += gain * off_target * heard.bytes * kSegment / window_;
}

} // namespace jackfield::scream
