// Sound from a card on its way into a call: cut into frames of one length, with times that run evenly, on a thread of
// its own. A card that gives nothing for a while, or is gone, is silence, so that the call's clock goes on.
//
// Nothing is stretched here: a card's clock is the clock of what it records, and whoever plays it follows (RFC 3550).
//
// Threads:  push on the card's thread; frames come on ours.
// Lifetime: a session's; the destructor joins the thread. All memory is taken when it is made.
#pragma once

#include <jackfield/media_source.hpp>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

namespace jackfield::sound {

/// Even times for frames whose capture is read off a jumpy clock.
class CaptureClock {
public:
    /// When a frame of that length begins, which a reading takes for `read_ns`.
    std::int64_t next(std::int64_t read_ns, std::int64_t length_ns);

    /// The same without a reading.
    std::int64_t next(std::int64_t length_ns) { return next(next_ns_, length_ns); }

    bool begun() const { return next_ns_ != 0; }

private:
    std::int64_t next_ns_ = 0;
};

class CaptureFramer {
public:
    /// Zeros in the format: 48 kHz, one channel, 20 ms. Throws Failure for what no card has.
    CaptureFramer(Host host, SourceListener listener, const jf_source_format& format);
    CaptureFramer(const CaptureFramer&) = delete;
    CaptureFramer& operator=(const CaptureFramer&) = delete;
    ~CaptureFramer();

    std::uint32_t rate_hz() const { return rate_hz_; }
    std::uint32_t channels() const { return channels_; }

    /// Samples of all channels, the first of which was recorded at `recorded_ns`.
    void push(std::span<const float> samples, std::int64_t recorded_ns);

    /// Samples of a channel that were lost because whoever takes frames was too slow, and frames of silence in place
    /// of sound that did not come.
    std::uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }
    std::uint64_t silent_frames() const { return silent_.load(std::memory_order_relaxed); }

private:
    void run();
    bool full() const { return (tail_ - head_) >= frame_samples_; }
    void deliver(std::int64_t time_ns);

    Host host_;
    SourceListener listener_;
    std::uint32_t rate_hz_;
    std::uint32_t channels_;
    std::uint64_t frame_samples_;
    std::int64_t frame_ns_;

    std::mutex mutex_; // guards what waits
    std::condition_variable changed_;
    std::vector<float> ring_;
    std::uint64_t capacity_;
    std::uint64_t head_ = 0;
    std::uint64_t tail_ = 0;
    std::int64_t tail_ns_ = 0; // when what stands at tail_ will have been recorded
    bool stop_ = false;

    std::vector<float> frame_;
    CaptureClock clock_;
    std::atomic<std::uint64_t> lost_{0};
    std::atomic<std::uint64_t> silent_{0};
    std::thread thread_;
};

} // namespace jackfield::sound
