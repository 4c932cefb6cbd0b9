// Sequence numbers, loss and jitter of received packets (RFC 3550 appendix A).
//
// Threads: guarded by the lock of the stream's receiving half.
#include "reception.hpp"

#include "wire.hpp"

#include <algorithm>
#include <cmath>

namespace jackfield::rtp {

namespace {

// RFC 3550 appendix A.1.
constexpr std::int64_t kMaxDropout = 3000;
constexpr std::int64_t kMaxMisorder = 100;

} // namespace

void SequenceTracker::new_source()
{
    earlier_lost_ += std::max<std::int64_t>(epoch_lost(), 0);
    started_ = false;
    expected_after_jump_.reset();
}

Placement SequenceTracker::place(std::uint16_t sequence)
{
    if (!started_)
        return start(sequence, 0);
    const std::int64_t step = static_cast<std::int16_t>(static_cast<std::uint16_t>(sequence - highest_));
    if (step >= 0 && step < kMaxDropout)
        return advance(step);
    // What SRTP let through lies within its replay window, however far back that is; otherwise A.1 draws the line.
    if (step < 0 && (authentic_ || step > -kMaxMisorder)) {
        const std::int64_t extended = highest_ + step;
        if (extended < floor_)
            return {Placement::Kind::late, 0, 0};
        base_ = std::min(base_, extended); // the very first packets were swapped
        return {Placement::Kind::normal, extended + shift_, 0};
    }
    if (authentic_ || expected_after_jump_ == sequence) {
        const std::int64_t missing = step > 0 ? step - 1 : 0;
        new_source();
        return start(sequence, static_cast<std::uint16_t>(missing));
    }
    expected_after_jump_ = static_cast<std::uint16_t>(sequence + 1);
    return {};
}

Placement SequenceTracker::start(std::uint16_t sequence, std::uint16_t lost_before)
{
    const bool very_first = next_index_ == std::int64_t{1} << 32;
    started_ = true;
    base_ = highest_ = sequence;
    floor_ = very_first ? base_ - kMaxMisorder : base_;
    shift_ = next_index_ - base_;
    ++next_index_;
    received_ = 0;
    expected_prior_ = 0;
    received_prior_ = 0;
    expected_after_jump_.reset();
    return {Placement::Kind::restart, base_ + shift_, lost_before};
}

Placement SequenceTracker::advance(std::int64_t by)
{
    expected_after_jump_.reset();
    highest_ += by;
    std::uint16_t lost_before = 0;
    if (by > widest_gap_) {
        lost_before = static_cast<std::uint16_t>(by - 1);
        shift_ = next_index_ - highest_;
        floor_ = highest_;
    }
    next_index_ = std::max(next_index_, highest_ + shift_ + 1);
    return {Placement::Kind::normal, highest_ + shift_, lost_before};
}

std::int64_t SequenceTracker::lost_in_all() const
{
    return earlier_lost_ + std::max<std::int64_t>(epoch_lost(), 0);
}

std::uint8_t SequenceTracker::fraction_lost()
{
    const std::int64_t expected = highest_ - base_ + 1;
    const std::int64_t expected_interval = expected - expected_prior_;
    const std::int64_t lost_interval = expected_interval - (received_ - received_prior_);
    expected_prior_ = expected;
    received_prior_ = received_;
    if (expected_interval <= 0 || lost_interval <= 0)
        return 0;
    return static_cast<std::uint8_t>(std::min<std::int64_t>(lost_interval * 256 / expected_interval, 255));
}

void JitterMeter::arrived(std::uint32_t rtp_timestamp, std::int64_t arrival_ns)
{
    const std::uint32_t transit = static_cast<std::uint32_t>(to_units(arrival_ns, clock_rate_hz_)) - rtp_timestamp;
    if (known_) {
        const auto difference = static_cast<std::int32_t>(transit - last_transit_);
        jitter_ += (std::abs(static_cast<double>(difference)) - jitter_) / 16.0;
    }
    known_ = true;
    last_transit_ = transit;
}

} // namespace jackfield::rtp
