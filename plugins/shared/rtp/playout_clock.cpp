// The play-out clock: transit times in, due times out.
//
// Threads: guarded by the lock of the stream's receiving half.
#include "playout_clock.hpp"

#include "wire.hpp"

#include <algorithm>

namespace jackfield::rtp {

namespace {

constexpr std::int64_t kWindowNs = 4 * kSecondNs;
constexpr std::int64_t kMarginNs = 5 * kMillisecondNs;   // on top of the slowest packet seen
constexpr std::int64_t kNewTimelineNs = 2 * kSecondNs;   // further off is a jump of the sender's clock
constexpr std::int64_t kCautionNs = 20 * kMillisecondNs; // enough for most networks that one does not know
constexpr std::int64_t kReserve = 3;                     // times the jitter of the last half minute, up to that
constexpr std::int64_t kShrinkDivisor = 50;              // 2 %: play-out is never noticeably faster than real time

} // namespace

PlayoutClock::PlayoutClock(std::uint32_t clock_rate_hz, std::int64_t min_delay_ns, std::int64_t max_delay_ns)
    : clock_rate_hz_(clock_rate_hz), min_delay_ns_(min_delay_ns), max_delay_ns_(max_delay_ns)
{
    earlier_jitter_ns_.fill(kCautionNs);
}

std::int64_t PlayoutClock::arrived(std::uint32_t rtp_timestamp, std::int64_t arrival_ns, bool discontinuity,
                                   bool talk_spurt)
{
    const bool first = !started_;
    if (first) {
        started_ = true;
        begin_timeline(rtp_timestamp, arrival_ns);
        window_start_ns_ = last_arrival_ns_ = arrival_ns;
    } else if (discontinuity) {
        begin_timeline(rtp_timestamp, arrival_ns - fastest());
    }
    std::int64_t media_ns = media_time(rtp_timestamp);
    const std::int64_t off = arrival_ns - media_ns - fastest();
    if (off > kNewTimelineNs || off < -kNewTimelineNs) {
        begin_timeline(rtp_timestamp, arrival_ns - fastest());
        media_ns = media_time(rtp_timestamp);
    }
    learn(arrival_ns - media_ns, arrival_ns);

    const std::int64_t jitter_ns = slowest() - fastest();
    const std::int64_t needed =
        fastest() + std::clamp(jitter_ns + (jitter_ns > 0 ? kMarginNs : 0), min_delay_ns_, max_delay_ns_);
    const std::int64_t kept =
        fastest() + least_delay_ns(); // which nothing has needed yet, so that nothing jumps for it
    const std::int64_t passed = std::max<std::int64_t>(arrival_ns - last_arrival_ns_, 0);
    last_arrival_ns_ = std::max(last_arrival_ns_, arrival_ns);
    if (first || talk_spurt || needed > offset_ns_)
        offset_ns_ = std::max(needed, kept);
    else if (kept < offset_ns_)
        offset_ns_ =
            std::max({needed, kept, std::min(offset_ns_ - passed / kShrinkDivisor, fastest() + kNewTimelineNs)});
    return media_ns;
}

/// Reordering makes small steps back; the difference of 32 bits has a sign for that.
std::int64_t PlayoutClock::media_time(std::uint32_t rtp_timestamp)
{
    units_ += static_cast<std::int32_t>(rtp_timestamp - last_timestamp_);
    last_timestamp_ = rtp_timestamp;
    return timeline_start_ns_ + to_ns(units_, clock_rate_hz_);
}

void PlayoutClock::begin_timeline(std::uint32_t rtp_timestamp, std::int64_t media_ns)
{
    last_timestamp_ = rtp_timestamp;
    units_ = 0;
    timeline_start_ns_ = media_ns;
}

void PlayoutClock::learn(std::int64_t transit_ns, std::int64_t arrival_ns)
{
    if (arrival_ns - window_start_ns_ >= kWindowNs) {
        earlier_jitter_ns_[oldest_] = before_.slowest_ns - before_.fastest_ns;
        oldest_ = (oldest_ + 1) % earlier_jitter_ns_.size();
        before_ = now_;
        now_ = {transit_ns, transit_ns};
        window_start_ns_ = arrival_ns;
    }
    now_.fastest_ns = std::min(now_.fastest_ns, transit_ns);
    now_.slowest_ns = std::max(now_.slowest_ns, transit_ns);
    // After a long silence nothing learnt before it counts.
    if (arrival_ns - last_arrival_ns_ > 2 * kWindowNs)
        before_ = now_;
}

/// The least there is only where the network has been quiet for long: what comes every ten seconds has to be expected.
std::int64_t PlayoutClock::least_delay_ns() const
{
    const std::int64_t jitter_ns = std::max(*std::ranges::max_element(earlier_jitter_ns_), slowest() - fastest());
    return std::clamp(std::min(kReserve * jitter_ns, kCautionNs), min_delay_ns_, max_delay_ns_);
}

std::int64_t PlayoutClock::fastest() const
{
    return std::min(now_.fastest_ns, before_.fastest_ns);
}

std::int64_t PlayoutClock::slowest() const
{
    return std::max(now_.slowest_ns, before_.slowest_ns);
}

} // namespace jackfield::rtp
