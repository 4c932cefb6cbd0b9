// The one clock of a source, and what happens to frames that come too late for it.
//
// Threads: begin on control; the rest on the threads of the tracks, at the same time.
#pragma once

#include <atomic>
#include <cstdint>

namespace media_ffmpeg {

/// When the frames of one source are due. Its kinds share it, so that sound and picture stay together.
class SourceClock {
public:
    /// Whichever kind starts first sets the clock of both.
    void begin(std::int64_t now_ns)
    {
        std::int64_t unset = 0;
        start_ns_.compare_exchange_strong(unset, now_ns);
    }

    std::int64_t due_ns(std::int64_t media_ns) const { return start_ns_ + media_ns; }

    /// If what stands at `media_ns` is later than `most_ns`, everything from here on is due later by as much, which is
    /// returned. Two tracks that were held up at the same time do that once.
    std::int64_t give_way(std::int64_t media_ns, std::int64_t now_ns, std::int64_t most_ns)
    {
        std::int64_t start_ns = start_ns_;
        while (now_ns - (start_ns + media_ns) > most_ns) {
            if (start_ns_.compare_exchange_weak(start_ns, now_ns - media_ns))
                return now_ns - media_ns - start_ns;
        }
        return 0;
    }

private:
    std::atomic<std::int64_t> start_ns_{0}; // host clock; 0: not started
};

constexpr std::int64_t kMostBehindNs = 200'000'000;   // a burst of more than this would only hurt the receiver
constexpr std::int64_t kSlowestNs = 1'000'000'000;    // pictures: from here on the file plays slower
constexpr std::int64_t kLongestStillNs = 500'000'000; // pictures: one at least this often, however late

/// Whether a picture that is so late is worth converting and encoding.
constexpr bool worth_showing(std::int64_t behind_ns, std::int64_t since_last_shown_ns)
{
    return behind_ns <= kMostBehindNs || behind_ns > kSlowestNs || since_last_shown_ns >= kLongestStillNs;
}

} // namespace media_ffmpeg
