// A sound track of a recording. See sound_track.hpp.

#include "sound_track.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

namespace media_ffmpeg {

namespace {

// How far one side may be behind the other before it counts as silent. The peer's sound comes ahead of its time, ours
// behind it: by as much as a jitter buffer delays (2 s at most), and a source is late.
constexpr std::int64_t kPeerBehind = Voice::kRateHz / 2;
constexpr std::int64_t kOwnBehind = Voice::kRateHz * 5 / 2;

std::int16_t to_pcm(float value)
{
    const float known = value == value ? value : 0; // not a number: silence
    return static_cast<std::int16_t>(std::lrint(std::clamp(known, -1.0F, 1.0F) * 32767.0F));
}

} // namespace

SoundTrack::SoundTrack(AVFormatContext& file, FileKind kind, const RecordOptions& options, bool both,
                       const TrackName& name)
    : track_(file, {options.sound == Sound::opus || kind == FileKind::webm ? "libopus" : "pcm_s16le"}),
      voices_(both ? 2 : 1)
{
    AVCodecContext& encoder = track_.encoder();
    const bool opus = encoder.codec_id == AV_CODEC_ID_OPUS;
    encoder.sample_rate = Voice::kRateHz;
    encoder.sample_fmt = opus ? AV_SAMPLE_FMT_FLT : AV_SAMPLE_FMT_S16;
    encoder.time_base = {1, Voice::kRateHz};
    encoder.bit_rate = opus ? 96'000 : 0;
    av_channel_layout_default(&encoder.ch_layout, Voice::kChannels);
    track_.open(name);
}

void SoundTrack::write(const jf_frame& frame, Side side, std::int64_t at_ns)
{
    voices_[voices_.size() == 2 && side == Side::own ? 1 : 0].add(frame, at_ns);
    if (voices_.size() == 2)
        wait_no_longer();
    mix(std::ranges::min_element(voices_, {}, &Voice::waiting_samples)->waiting_samples());
    encode_full_frames(false);
}

void SoundTrack::wait_no_longer()
{
    Voice& peer = voices_[0];
    Voice& own = voices_[1];
    peer.be_silent_until(own.position() - kPeerBehind);
    own.be_silent_until(peer.position() - kOwnBehind);
}

void SoundTrack::mix(std::size_t samples)
{
    const std::size_t values = samples * Voice::kChannels;
    if (voices_.size() == 1) {
        mixed_.insert(mixed_.end(), voices_[0].waiting(), voices_[0].waiting() + values);
    } else {
        sum_.resize(values);
        std::transform(voices_[0].waiting(), voices_[0].waiting() + values, voices_[1].waiting(), sum_.begin(),
                       std::plus<>());
        limiter_.add(sum_, mixed_);
    }
    for (auto& voice : voices_)
        voice.forget(samples);
}

void SoundTrack::encode_full_frames(bool all)
{
    const AVCodecContext& encoder = track_.encoder();
    const int size = encoder.frame_size > 0 ? encoder.frame_size : Voice::kRateHz / 50;
    const auto values = static_cast<std::size_t>(size) * Voice::kChannels;
    if (all && mixed_.size() % values != 0)
        mixed_.resize((mixed_.size() / values + 1) * values, 0.0F);
    std::size_t used = 0;
    for (; mixed_.size() - used >= values; used += values) {
        const Frame frame = make_frame();
        frame->nb_samples = size;
        frame->format = encoder.sample_fmt;
        frame->sample_rate = Voice::kRateHz;
        av_channel_layout_copy(&frame->ch_layout, &encoder.ch_layout);
        need(av_frame_get_buffer(frame.get(), 0), "recording sound", JF_EXHAUSTED);
        const float* from = mixed_.data() + used;
        if (encoder.sample_fmt == AV_SAMPLE_FMT_FLT)
            std::copy_n(from, values, reinterpret_cast<float*>(frame->data[0]));
        else
            std::transform(from, from + values, reinterpret_cast<std::int16_t*>(frame->data[0]), to_pcm);
        frame->pts = encoded_;
        encoded_ += size;
        track_.encode(frame.get());
    }
    mixed_.erase(mixed_.begin(), mixed_.begin() + static_cast<std::ptrdiff_t>(used));
}

void SoundTrack::flush()
{
    for (auto& voice : voices_)
        voice.end();
    const std::int64_t length = std::ranges::max_element(voices_, {}, &Voice::position)->position();
    for (auto& voice : voices_)
        voice.be_silent_until(length);
    mix(voices_[0].waiting_samples());
    limiter_.flush(mixed_);
    encode_full_frames(true);
    track_.encode(nullptr);
}

} // namespace media_ffmpeg
