// Cuts sound into frames. See capture_framer.hpp.

#include "capture_framer.hpp"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>

namespace jackfield::sound {

namespace {

constexpr std::int64_t kAnewNs = 50'000'000;      // a reading that is further off begins anew
constexpr std::int64_t kMostSlew = 5000;          // else a 5000th of the length: cards are off by less
constexpr std::int64_t kPatienceNs = 100'000'000; // after that there is silence
constexpr std::uint32_t kMostWaitingMs = 500;

std::uint32_t within(const char* what, std::uint32_t asked, std::uint32_t otherwise, std::uint32_t least,
                     std::uint32_t most)
{
    if (asked == 0)
        return otherwise;
    if (asked < least || asked > most)
        throw Failure(JF_BAD_INPUT, std::string("a microphone has ") + what + " from " + std::to_string(least) +
                                        " to " + std::to_string(most) + ", not " + std::to_string(asked));
    return asked;
}

} // namespace

std::int64_t CaptureClock::next(std::int64_t read_ns, std::int64_t length_ns)
{
    const std::int64_t off_ns = read_ns - next_ns_;
    const std::int64_t most_ns = length_ns / kMostSlew;
    if (next_ns_ == 0 || std::abs(off_ns) > kAnewNs)
        next_ns_ = read_ns;
    else
        next_ns_ += std::clamp(off_ns / 50, -most_ns, most_ns);
    const std::int64_t begins_ns = next_ns_;
    next_ns_ += length_ns;
    return begins_ns;
}

CaptureFramer::CaptureFramer(Host host, SourceListener listener, const jf_source_format& format)
    : host_(host),
      listener_(listener),
      rate_hz_(within("sample rates", format.sample_rate_hz, 48'000, 8000, 192'000)),
      channels_(within("channels", format.channels, 1, 1, 8)),
      frame_samples_(std::uint64_t{rate_hz_} * within("frames in ms", format.frame_ms, 20, 1, 200) / 1000),
      frame_ns_(static_cast<std::int64_t>(frame_samples_ * 1'000'000'000 / rate_hz_)),
      ring_(std::size_t{rate_hz_} * channels_ * kMostWaitingMs / 1000),
      capacity_(ring_.size() / channels_),
      frame_(frame_samples_ * channels_)
{
    thread_ = std::thread([this] { run(); });
}

CaptureFramer::~CaptureFramer()
{
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    changed_.notify_one();
    thread_.join();
}

void CaptureFramer::push(std::span<const float> samples, std::int64_t recorded_ns)
{
    const std::uint64_t count = samples.size() / channels_;
    {
        const std::lock_guard lock(mutex_);
        for (std::uint64_t i = 0; i < count; ++i, ++tail_)
            std::copy_n(samples.begin() + static_cast<std::ptrdiff_t>(i * channels_), channels_,
                        ring_.begin() + static_cast<std::ptrdiff_t>(tail_ % capacity_ * channels_));
        if (tail_ - head_ > capacity_) {
            lost_.fetch_add(tail_ - head_ - capacity_, std::memory_order_relaxed);
            head_ = tail_ - capacity_;
        }
        tail_ns_ = recorded_ns + static_cast<std::int64_t>(count * 1'000'000'000 / rate_hz_);
        if (!full())
            return;
    }
    changed_.notify_one();
}

void CaptureFramer::run()
{
    pthread_setname_np(pthread_self(), "jf-microphone");
    auto patience = std::chrono::steady_clock::now() + std::chrono::nanoseconds(kPatienceNs);
    for (;;) {
        std::int64_t read_ns = 0;
        {
            std::unique_lock lock(mutex_);
            const bool there = changed_.wait_until(lock, patience, [this] { return stop_ || full(); });
            if (stop_)
                return;
            if (there) {
                read_ns = tail_ns_ - static_cast<std::int64_t>((tail_ - head_) * 1'000'000'000 / rate_hz_);
                for (std::uint64_t i = 0; i < frame_samples_; ++i, ++head_)
                    std::copy_n(ring_.begin() + static_cast<std::ptrdiff_t>(head_ % capacity_ * channels_), channels_,
                                frame_.begin() + static_cast<std::ptrdiff_t>(i * channels_));
                patience = std::chrono::steady_clock::now() + std::chrono::nanoseconds(kPatienceNs);
            } else {
                patience += std::chrono::nanoseconds(frame_ns_);
            }
        }
        if (read_ns == 0) {
            std::ranges::fill(frame_, 0.0F);
            silent_.fetch_add(1, std::memory_order_relaxed);
        }
        if (read_ns == 0 && !clock_.begun())
            read_ns = host_.now_ns() - frame_ns_;
        deliver(read_ns == 0 ? clock_.next(frame_ns_) : clock_.next(read_ns, frame_ns_));
    }
}

void CaptureFramer::deliver(std::int64_t time_ns)
{
    jf_frame frame{};
    frame.struct_size = sizeof(frame);
    frame.kind = JF_AUDIO;
    frame.time_ns = time_ns;
    frame.samples = frame_.data();
    frame.sample_rate_hz = rate_hz_;
    frame.channels = channels_;
    frame.samples_per_channel = static_cast<std::uint32_t>(frame_samples_);
    listener_.frame(frame);
}

} // namespace jackfield::sound
