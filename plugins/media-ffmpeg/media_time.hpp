// When the frames of a file are due, counted from its beginning, whatever the file says.
//
// A frame without a time follows the one before. Times that do not rise, and leaps of more than a minute, are damage or
// a clock that began anew: the rest follows as if they were not there. Shorter gaps are real and stay.
//
// Threads: one thread at a time. Numbers only; knows no clock.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

namespace media_ffmpeg {

class MediaTime {
public:
    /// Sound runs on through roundings of its times; pictures keep theirs.
    explicit MediaTime(bool sound) : sound_(sound) {}

    /// The time of the next frame, which lasts so long. Never less than the one before.
    std::int64_t next(std::optional<std::int64_t> stamp_ns, std::int64_t length_ns)
    {
        const std::int64_t at_ns = place(stamp_ns, length_ns);
        first_ = false;
        last_ns_ = at_ns;
        follows_ns_ = at_ns + length_ns;
        return at_ns;
    }

private:
    static constexpr std::int64_t kMillisecondNs = 1'000'000;
    static constexpr std::int64_t kRoundingNs = 40 * kMillisecondNs;
    static constexpr std::int64_t kDisorderNs = 1000 * kMillisecondNs;
    static constexpr std::int64_t kLongestGapNs = 60'000 * kMillisecondNs;

    std::int64_t place(std::optional<std::int64_t> stamp_ns, std::int64_t length_ns)
    {
        if (first_)
            return std::clamp<std::int64_t>(stamp_ns.value_or(0), 0, kLongestGapNs);
        if (!stamp_ns)
            return follows_ns_;
        std::int64_t at_ns = *stamp_ns + shift_ns_;
        if (at_ns > last_ns_ + kLongestGapNs + length_ns || at_ns < last_ns_ - kDisorderNs) {
            shift_ns_ = follows_ns_ - *stamp_ns;
            return follows_ns_;
        }
        if (sound_)
            return at_ns - follows_ns_ > kRoundingNs ? at_ns : follows_ns_;
        return std::max(at_ns, last_ns_ + kMillisecondNs);
    }

    bool sound_;
    bool first_ = true;
    std::int64_t last_ns_ = 0;
    std::int64_t follows_ns_ = 0;
    std::int64_t shift_ns_ = 0; // what a leap took away
};

/// Leaves out frames so that no more than so many a second remain.
class RateLimit {
public:
    explicit RateLimit(std::uint32_t millihertz)
        : interval_ns_(millihertz > 0 ? 1'000'000'000'000 / std::int64_t{millihertz} : 0)
    {}

    bool keep(std::int64_t at_ns)
    {
        constexpr std::int64_t kRoundingNs = 2'000'000;
        if (at_ns + kRoundingNs < next_ns_)
            return false;
        next_ns_ = std::max(next_ns_, at_ns - interval_ns_) + interval_ns_;
        return true;
    }

private:
    std::int64_t interval_ns_;
    std::int64_t next_ns_ = 0;
};

} // namespace media_ffmpeg
