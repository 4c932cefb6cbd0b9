// Pictures are played with the sound that was captured with them: the sender's reports say on one clock when each was
// (RFC 3550 section 6.4.1).
//
// Threads: sound is told on its media thread, pictures are asked for on theirs.
// Lifetime: a member of what the streams of a session share.
#pragma once

#include "wire.hpp"

#include <algorithm>
#include <atomic>
#include <limits>

namespace jackfield::rtp {

class LipSync {
public:
    /// Sound that was captured at that time of the sender's clock is played at that time of ours.
    void sound(std::int64_t captured_ns, std::int64_t play_ns)
    {
        offset_ns_.store(play_ns - captured_ns, std::memory_order_relaxed);
    }

    /// When to play a picture that is ready at `ready_ns`: never earlier, and not much later whatever the sender says.
    std::int64_t picture(std::int64_t captured_ns, std::int64_t ready_ns) const
    {
        const std::int64_t offset_ns = offset_ns_.load(std::memory_order_relaxed);
        if (offset_ns == kUnknown)
            return ready_ns;
        const std::int64_t wait_ns = captured_ns + offset_ns - ready_ns;
        return wait_ns > kNonsenseNs ? ready_ns : ready_ns + std::clamp<std::int64_t>(wait_ns, 0, kMostNs);
    }

    static constexpr std::int64_t kMostNs = 400 * kMillisecondNs;

private:
    static constexpr std::int64_t kUnknown = std::numeric_limits<std::int64_t>::min();
    static constexpr std::int64_t kNonsenseNs = 5 * kSecondNs; // two clocks that have nothing to do with each other

    std::atomic<std::int64_t> offset_ns_{kUnknown};
};

/// A time of NtpClock's format in nanoseconds.
inline std::int64_t ntp_ns(std::uint64_t ntp)
{
    return static_cast<std::int64_t>(ntp >> 32) * kSecondNs +
           static_cast<std::int64_t>((ntp & 0xffff'ffffU) * static_cast<std::uint64_t>(kSecondNs) >> 32);
}

} // namespace jackfield::rtp
