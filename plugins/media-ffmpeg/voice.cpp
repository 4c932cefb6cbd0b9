// The sound of one side. See voice.hpp.

#include "voice.hpp"

extern "C" {
#include <libavutil/channel_layout.h>
#include <libavutil/opt.h>
}

#include <algorithm>

namespace media_ffmpeg {

namespace {

constexpr std::int64_t kGapSamples = Voice::kRateHz / 25;        // below 40 ms it is jitter
constexpr std::int64_t kLongestGapSamples = Voice::kRateHz * 60; // of silence at once

} // namespace

void Voice::add(const jf_frame& frame, std::int64_t at_ns)
{
    adapt(frame);
    const std::int64_t due = av_rescale(at_ns, kRateHz, kNanosecondsPerSecond);
    if (position_ - due > kGapSamples)
        return; // the sender's clock is faster than ours, and this much is too much already
    if (due - position_ > kGapSamples || position_ == 0)
        be_silent_until(std::min(due, position_ + kLongestGapSamples));
    resample(&frame);
}

void Voice::adapt(const jf_frame& frame)
{
    if (resampler_ && rate_hz_ == frame.sample_rate_hz && channels_ == frame.channels)
        return;
    if (resampler_)
        resample(nullptr);
    AVChannelLayout from{};
    AVChannelLayout to{};
    av_channel_layout_default(&from, static_cast<int>(frame.channels));
    av_channel_layout_default(&to, kChannels);
    SwrContext* raw = nullptr;
    const int made = swr_alloc_set_opts2(&raw, &to, AV_SAMPLE_FMT_FLT, kRateHz, &from, AV_SAMPLE_FMT_FLT,
                                         static_cast<int>(frame.sample_rate_hz), 0, nullptr);
    resampler_.reset(raw);
    need(made, "recording sound", JF_INTERNAL);
    need(av_opt_set_double(raw, "rematrix_maxval", 1, 0), "recording sound", JF_INTERNAL); // never beyond full scale
    constexpr double kBoth[] = {1, 1}; // FFmpeg would spread one channel over two with half the power each
    if (frame.channels == 1)
        need(swr_set_matrix(raw, kBoth, 1), "recording sound", JF_INTERNAL);
    need(swr_init(raw), "recording sound", JF_INTERNAL);
    rate_hz_ = frame.sample_rate_hz;
    channels_ = frame.channels;
}

/// Null: what the resampler still holds.
void Voice::resample(const jf_frame* frame)
{
    const int samples = frame != nullptr ? static_cast<int>(frame->samples_per_channel) : 0;
    const int room = need(swr_get_out_samples(resampler_.get(), samples), "recording sound", JF_INTERNAL);
    const std::size_t before = waiting_.size();
    waiting_.resize(before + static_cast<std::size_t>(room) * kChannels);
    auto* out = reinterpret_cast<std::uint8_t*>(waiting_.data() + before);
    const auto* in = frame != nullptr ? reinterpret_cast<const std::uint8_t*>(frame->samples) : nullptr;
    const int count =
        need(swr_convert(resampler_.get(), &out, room, frame != nullptr ? &in : nullptr, samples), "recording sound");
    waiting_.resize(before + static_cast<std::size_t>(count) * kChannels);
    position_ += count;
}

void Voice::be_silent_until(std::int64_t position)
{
    if (position <= position_)
        return;
    waiting_.insert(waiting_.end(), static_cast<std::size_t>(position - position_) * kChannels, 0.0F);
    position_ = position;
}

void Voice::end()
{
    if (resampler_)
        resample(nullptr);
    resampler_.reset();
}

void Voice::forget(std::size_t samples)
{
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(samples * kChannels));
}

} // namespace media_ffmpeg
