// The two encoders of a recording. See recorder_streams.hpp.

#include "recorder_streams.hpp"

extern "C" {
#include <libavutil/channel_layout.h>
#include <libavutil/opt.h>
}

#include <algorithm>

namespace media_ffmpeg {

namespace {

constexpr int kRateHz = 48000;
constexpr int kChannels = 2;
constexpr AVRational kMilliseconds{1, 1000};
constexpr std::int64_t kGapSamples = kRateHz / 25;        // below 40 ms it is jitter, no gap
constexpr std::int64_t kLongestGapSamples = kRateHz * 60; // of silence at once

const AVCodec& find_encoder(std::initializer_list<const char*> names)
{
    for (const char* name : names) {
        if (const AVCodec* codec = avcodec_find_encoder_by_name(name))
            return *codec;
    }
    throw jackfield::Failure(JF_UNSUPPORTED, std::string("FFmpeg has no encoder ") + *names.begin());
}

/// Encodes one frame (null: the rest) and writes what comes of it.
void encode(AVFormatContext& file, AVStream& stream, AVCodecContext& encoder, const AVFrame* frame)
{
    need(avcodec_send_frame(&encoder, frame), "recording", JF_INTERNAL);
    const Packet packet = make_packet();
    while (avcodec_receive_packet(&encoder, packet.get()) == 0) {
        packet->stream_index = stream.index;
        av_packet_rescale_ts(packet.get(), encoder.time_base, stream.time_base);
        need(av_interleaved_write_frame(&file, packet.get()), std::string("writing ") + file.url, JF_EXHAUSTED);
    }
}

AVStream* add_stream(AVFormatContext& file, AVCodecContext& encoder, const AVCodec& codec)
{
    if ((file.oformat->flags & AVFMT_GLOBALHEADER) != 0)
        encoder.flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    need(avcodec_open2(&encoder, &codec, nullptr), std::string("encoder ") + codec.name, JF_INTERNAL);
    AVStream* stream = avformat_new_stream(&file, nullptr);
    if (stream == nullptr)
        throw std::bad_alloc();
    stream->time_base = encoder.time_base;
    need(avcodec_parameters_from_context(stream->codecpar, &encoder), "recording", JF_INTERNAL);
    return stream;
}

} // namespace

// --- sound ----------------------------------------------------------------------------------------------------------

AudioStream::AudioStream(AVFormatContext& file, FileKind kind) : file_(file)
{
    const AVCodec& codec = kind == FileKind::webm ? find_encoder({"libopus"}) : find_encoder({"pcm_s16le"});
    encoder_.reset(avcodec_alloc_context3(&codec));
    encoder_->sample_rate = kRateHz;
    encoder_->sample_fmt = kind == FileKind::webm ? AV_SAMPLE_FMT_FLT : AV_SAMPLE_FMT_S16;
    encoder_->time_base = {1, kRateHz};
    encoder_->bit_rate = kind == FileKind::webm ? 96'000 : 0;
    av_channel_layout_default(&encoder_->ch_layout, kChannels);
    stream_ = add_stream(file, *encoder_, codec);
}

void AudioStream::adapt(const jf_frame& frame)
{
    if (resampler_ && rate_hz_ == frame.sample_rate_hz && channels_ == frame.channels)
        return;
    AVChannelLayout from{};
    AVChannelLayout to{};
    av_channel_layout_default(&from, static_cast<int>(frame.channels));
    av_channel_layout_default(&to, kChannels);
    SwrContext* raw = nullptr;
    const int made = swr_alloc_set_opts2(&raw, &to, AV_SAMPLE_FMT_FLT, kRateHz, &from, AV_SAMPLE_FMT_FLT,
                                         static_cast<int>(frame.sample_rate_hz), 0, nullptr);
    resampler_.reset(raw);
    need(made, "recording sound", JF_INTERNAL);
    need(swr_init(raw), "recording sound", JF_INTERNAL);
    rate_hz_ = frame.sample_rate_hz;
    channels_ = frame.channels;
}

void AudioStream::write(const jf_frame& frame, std::int64_t at_ns)
{
    adapt(frame);
    const std::int64_t due = at_ns * kRateHz / kNanosecondsPerSecond;
    if (due - position_ > kGapSamples)
        add_silence(std::min(due - position_, kLongestGapSamples));
    const int room = swr_get_out_samples(resampler_.get(), static_cast<int>(frame.samples_per_channel));
    const std::size_t before = waiting_.size();
    waiting_.resize(before + static_cast<std::size_t>(room) * kChannels);
    auto* out = reinterpret_cast<std::uint8_t*>(waiting_.data() + before);
    const auto* in = reinterpret_cast<const std::uint8_t*>(frame.samples);
    const int count = need(swr_convert(resampler_.get(), &out, room, &in, static_cast<int>(frame.samples_per_channel)),
                           "recording sound");
    waiting_.resize(before + static_cast<std::size_t>(count) * kChannels);
    position_ += count;
    encode_full_frames(false);
}

void AudioStream::add_silence(std::int64_t samples)
{
    waiting_.insert(waiting_.end(), static_cast<std::size_t>(samples) * kChannels, 0.0F);
    position_ += samples;
}

void AudioStream::encode_full_frames(bool all)
{
    const int size = encoder_->frame_size > 0 ? encoder_->frame_size : kRateHz / 50;
    const auto values = static_cast<std::size_t>(size) * kChannels;
    if (all && waiting_.size() % values != 0)
        waiting_.resize((waiting_.size() / values + 1) * values, 0.0F);
    std::size_t used = 0;
    for (; waiting_.size() - used >= values; used += values) {
        const Frame frame = make_frame();
        frame->nb_samples = size;
        frame->format = encoder_->sample_fmt;
        frame->sample_rate = kRateHz;
        av_channel_layout_copy(&frame->ch_layout, &encoder_->ch_layout);
        need(av_frame_get_buffer(frame.get(), 0), "recording sound", JF_EXHAUSTED);
        const float* from = waiting_.data() + used;
        if (encoder_->sample_fmt == AV_SAMPLE_FMT_FLT) {
            std::copy_n(from, values, reinterpret_cast<float*>(frame->data[0]));
        } else {
            std::transform(from, from + values, reinterpret_cast<std::int16_t*>(frame->data[0]), [](float value) {
                return static_cast<std::int16_t>(std::clamp(value, -1.0F, 1.0F) * 32767.0F);
            });
        }
        frame->pts = encoded_;
        encoded_ += size;
        encode(file_, *stream_, *encoder_, frame.get());
    }
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(used));
}

void AudioStream::flush()
{
    encode_full_frames(true);
    encode(file_, *stream_, *encoder_, nullptr);
}

// --- pictures -------------------------------------------------------------------------------------------------------

VideoStream::VideoStream(AVFormatContext& file, FileKind kind, int width_px, int height_px) : file_(file)
{
    const AVCodec& codec = kind == FileKind::webm ? find_encoder({"libvpx"}) : find_encoder({"libx264", "mpeg4"});
    encoder_.reset(avcodec_alloc_context3(&codec));
    encoder_->width = width_px & ~1;
    encoder_->height = height_px & ~1;
    encoder_->pix_fmt = AV_PIX_FMT_YUV420P;
    encoder_->time_base = kMilliseconds;
    encoder_->framerate = {30, 1};
    encoder_->gop_size = 60;
    encoder_->max_b_frames = 0;
    encoder_->thread_count = 1;
    if (kind == FileKind::webm) {
        encoder_->bit_rate = 3'000'000;
        av_opt_set(encoder_->priv_data, "deadline", "realtime", 0);
        av_opt_set_int(encoder_->priv_data, "cpu-used", 8, 0);
    } else {
        av_opt_set(encoder_->priv_data, "preset", "ultrafast", 0);
        av_opt_set(encoder_->priv_data, "crf", "20", 0);
    }
    stream_ = add_stream(file, *encoder_, codec);
    scaled_->format = AV_PIX_FMT_YUV420P;
    scaled_->width = encoder_->width;
    scaled_->height = encoder_->height;
    need(av_frame_get_buffer(scaled_.get(), 0), "recording pictures", JF_EXHAUSTED);
}

void VideoStream::write(const jf_frame& frame, std::int64_t at_ns)
{
    scaler_.reset(sws_getCachedContext(scaler_.release(), static_cast<int>(frame.width_px),
                                       static_cast<int>(frame.height_px), AV_PIX_FMT_YUV420P, scaled_->width,
                                       scaled_->height, AV_PIX_FMT_YUV420P, SWS_BILINEAR, nullptr, nullptr, nullptr));
    if (!scaler_)
        throw jackfield::Failure(JF_INTERNAL, "recording pictures: no scaler for this size");
    need(av_frame_make_writable(scaled_.get()), "recording pictures", JF_EXHAUSTED);
    const int strides[3] = {static_cast<int>(frame.strides_bytes[0]), static_cast<int>(frame.strides_bytes[1]),
                            static_cast<int>(frame.strides_bytes[2])};
    sws_scale(scaler_.get(), frame.planes, strides, 0, static_cast<int>(frame.height_px), scaled_->data,
              scaled_->linesize);
    scaled_->pts = std::max(last_pts_ + 1, at_ns / 1'000'000);
    last_pts_ = scaled_->pts;
    encode(file_, *stream_, *encoder_, scaled_.get());
}

void VideoStream::flush()
{
    encode(file_, *stream_, *encoder_, nullptr);
}

} // namespace media_ffmpeg
