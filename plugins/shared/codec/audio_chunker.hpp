// Cuts audio frames of any length into packets of one length, in the channels the codec wants, with RTP timestamps.
//
// Threads: one media thread. Lifetime: lives in an encoder; all memory is taken when it is made.
#pragma once

#include <jackfield/abi/frame.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace jackfield::codec {

struct AudioChunk {
    std::span<const float> samples; ///< interleaved, borrowed until the call returns
    std::int64_t time_ns;           ///< of the first sample
    std::uint32_t rtp_timestamp;    ///< the RTP clock of every codec here is its sample rate
    bool first;                     ///< begins a talk spurt: nothing came right before it
};

class AudioChunker {
public:
    AudioChunker(std::uint32_t sample_rate_hz, std::uint32_t channels, std::uint32_t samples_per_chunk)
        : rate_hz_(sample_rate_hz),
          channels_(channels),
          chunk_samples_(samples_per_chunk),
          partial_(std::size_t{samples_per_chunk} * channels)
    {}

    /// Calls emit(const AudioChunk&) for every chunk that becomes complete. JF_BAD_INPUT: not the agreed kind or rate.
    template <class Emit>
    jf_status push(const jf_frame& frame, Emit&& emit)
    {
        if (frame.kind != JF_AUDIO || frame.sample_rate_hz != rate_hz_ || frame.channels == 0 ||
            frame.channels > kMaxChannels || (frame.samples == nullptr && frame.samples_per_channel > 0))
            return JF_BAD_INPUT;
        notice_gap(frame);
        std::uint32_t taken = 0;
        while (taken < frame.samples_per_channel) {
            if (filled_ == 0)
                chunk_time_ns_ = frame.time_ns + duration_ns(taken);
            const float* from = frame.samples + std::size_t{taken} * frame.channels;
            const std::uint32_t count = std::min(chunk_samples_ - filled_, frame.samples_per_channel - taken);
            taken += count;
            if (count == chunk_samples_ && frame.channels == channels_) {
                deliver(from, emit); // a whole chunk in the right shape is passed on without a copy
                continue;
            }
            mix(from, frame.channels, count);
            filled_ += count;
            if (filled_ == chunk_samples_) {
                filled_ = 0;
                deliver(partial_.data(), emit);
            }
        }
        return JF_OK;
    }

private:
    static constexpr std::uint32_t kMaxChannels = 16;
    static constexpr std::int64_t kGapNs = 60'000'000; // capture times may jitter by less than this

    std::int64_t duration_ns(std::uint32_t samples) const { return std::int64_t{samples} * 1'000'000'000 / rate_hz_; }

    /// When the source paused, the RTP clock goes on (RFC 3550 section 5.1) and a new talk spurt begins. Each frame is
    /// compared with the one before, not with the start: a sound card's clock drifts against the host's.
    void notice_gap(const jf_frame& frame)
    {
        const std::int64_t late_ns = frame.time_ns - expected_ns_;
        if (started_ && late_ns > kGapNs) {
            const std::int64_t missing = late_ns / 1000 * rate_hz_ / 1'000'000 + filled_;
            next_timestamp_ += static_cast<std::uint32_t>(missing);
            filled_ = 0;
            first_ = true;
        }
        started_ = true;
        expected_ns_ = frame.time_ns + duration_ns(frame.samples_per_channel);
    }

    void mix(const float* from, std::uint32_t from_channels, std::uint32_t count)
    {
        float* to = partial_.data() + std::size_t{filled_} * channels_;
        if (from_channels == channels_) {
            std::copy_n(from, std::size_t{count} * channels_, to);
            return;
        }
        for (std::uint32_t i = 0; i < count; ++i, from += from_channels, to += channels_) {
            if (channels_ == 1) {
                float sum = 0;
                for (std::uint32_t channel = 0; channel < from_channels; ++channel)
                    sum += from[channel];
                to[0] = sum / static_cast<float>(from_channels);
            } else {
                for (std::uint32_t channel = 0; channel < channels_; ++channel)
                    to[channel] = from[std::min(channel, from_channels - 1)];
            }
        }
    }

    template <class Emit>
    void deliver(const float* samples, Emit& emit)
    {
        emit(AudioChunk{{samples, std::size_t{chunk_samples_} * channels_}, chunk_time_ns_, next_timestamp_, first_});
        next_timestamp_ += chunk_samples_;
        first_ = false;
    }

    std::uint32_t rate_hz_;
    std::uint32_t channels_;
    std::uint32_t chunk_samples_;
    std::vector<float> partial_;
    std::uint32_t filled_ = 0;
    std::int64_t chunk_time_ns_ = 0;
    std::int64_t expected_ns_ = 0;
    std::uint32_t next_timestamp_ = 0;
    bool started_ = false;
    bool first_ = true;
};

} // namespace jackfield::codec
