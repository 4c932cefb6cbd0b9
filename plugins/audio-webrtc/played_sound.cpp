// What will be heard. See played_sound.hpp.

#include "played_sound.hpp"

#include <algorithm>

namespace audio_webrtc {

PlayedSound::PlayedSound() : ring_(kMost), partial_(kMostSamples)
{}

void PlayedSound::put(const jf_frame& frame)
{
    const std::size_t length = frame.sample_rate_hz / 100;
    if (frame.samples == nullptr || frame.channels == 0 || length == 0 || length > kMostSamples ||
        frame.sample_rate_hz % 100 != 0)
        return;
    if (rate_hz_ != frame.sample_rate_hz)
        filled_ = 0;
    rate_hz_ = frame.sample_rate_hz;
    for (std::uint32_t i = 0; i < frame.samples_per_channel; ++i) {
        if (filled_ == 0)
            partial_ns_ = frame.time_ns + std::int64_t{i} * 1'000'000'000 / frame.sample_rate_hz;
        float sum = 0;
        for (std::uint32_t channel = 0; channel < frame.channels; ++channel)
            sum += frame.samples[std::size_t{i} * frame.channels + channel];
        partial_[filled_++] = sum / static_cast<float>(frame.channels);
        if (filled_ < length)
            continue;
        filled_ = 0;
        const std::lock_guard lock(mutex_);
        if (count_ == kMost) { // nobody takes: we send nothing
            first_ = (first_ + 1) % kMost;
            --count_;
        }
        Kept& kept = ring_[(first_ + count_++) % kMost];
        kept.time_ns = partial_ns_;
        kept.rate_hz = static_cast<int>(rate_hz_);
        std::copy_n(partial_.begin(), length, kept.samples.begin());
    }
}

bool PlayedSound::take(std::int64_t before_ns, std::span<float> memory, Piece& piece)
{
    const std::lock_guard lock(mutex_);
    if (count_ == 0 || ring_[first_].time_ns >= before_ns)
        return false;
    const Kept& kept = ring_[first_];
    const auto length = static_cast<std::size_t>(kept.rate_hz / 100);
    std::copy_n(kept.samples.begin(), length, memory.begin());
    piece = {kept.time_ns, kept.rate_hz, memory.first(length)};
    first_ = (first_ + 1) % kMost;
    --count_;
    return true;
}

} // namespace audio_webrtc
