// The two encoders of a recording. See recorder_streams.hpp.

#include "recorder_streams.hpp"

extern "C" {
#include <libavutil/channel_layout.h>
#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
}

#include <algorithm>
#include <cmath>

namespace media_ffmpeg {

namespace {

constexpr int kRateHz = 48000;
constexpr int kChannels = 2;
constexpr AVRational kMilliseconds{1, 1000};
constexpr std::int64_t kGapSamples = kRateHz / 25;        // below 40 ms it is jitter
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
    for (;;) {
        const int received = avcodec_receive_packet(&encoder, packet.get());
        if (received == AVERROR(EAGAIN) || received == AVERROR_EOF)
            return;
        need(received, "recording", JF_INTERNAL);
        packet->stream_index = stream.index;
        av_packet_rescale_ts(packet.get(), encoder.time_base, stream.time_base);
        need(av_interleaved_write_frame(&file, packet.get()), "writing", JF_EXHAUSTED);
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

AudioStream::AudioStream(AVFormatContext& file, FileKind kind, const RecordOptions& options) : file_(file)
{
    const bool opus = options.sound == Sound::opus || kind == FileKind::webm;
    const AVCodec& codec = opus ? find_encoder({"libopus"}) : find_encoder({"pcm_s16le"});
    encoder_.reset(avcodec_alloc_context3(&codec));
    encoder_->sample_rate = kRateHz;
    encoder_->sample_fmt = opus ? AV_SAMPLE_FMT_FLT : AV_SAMPLE_FMT_S16;
    encoder_->time_base = {1, kRateHz};
    encoder_->bit_rate = opus ? 96'000 : 0;
    av_channel_layout_default(&encoder_->ch_layout, kChannels);
    stream_ = add_stream(file, *encoder_, codec);
}

void AudioStream::adapt(const jf_frame& frame)
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

void AudioStream::write(const jf_frame& frame, std::int64_t at_ns)
{
    adapt(frame);
    const std::int64_t due = av_rescale(at_ns, kRateHz, kNanosecondsPerSecond);
    if (position_ - due > kGapSamples)
        return; // the sender's clock is faster than ours, and this much is too much already
    if (due - position_ > kGapSamples)
        add_silence(std::min(due - position_, kLongestGapSamples));
    resample(&frame);
    encode_full_frames(false);
}

/// Null: what the resampler still holds.
void AudioStream::resample(const jf_frame* frame)
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
                const float known = value == value ? value : 0; // not a number: silence
                return static_cast<std::int16_t>(std::lrint(std::clamp(known, -1.0F, 1.0F) * 32767.0F));
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
    if (resampler_)
        resample(nullptr);
    encode_full_frames(true);
    encode(file_, *stream_, *encoder_, nullptr);
}

// --- pictures -------------------------------------------------------------------------------------------------------

PictureSize upright_size(const jf_frame& frame)
{
    PictureSize size{static_cast<int>(frame.width_px), static_cast<int>(frame.height_px)};
    if (frame.rotation_deg % 180 != 0)
        std::swap(size.width, size.height);
    return size;
}

VideoStream::VideoStream(AVFormatContext& file, FileKind kind, const RecordOptions& options, PictureSize size)
    : file_(file)
{
    const AVCodec& codec = kind == FileKind::webm ? find_encoder({"libvpx"}) : find_encoder({"libx264", "mpeg4"});
    encoder_.reset(avcodec_alloc_context3(&codec));
    const PictureSize whole = shown_size(size, {1, 1}, 0, jf_source_format{});
    encoder_->width = whole.width;
    encoder_->height = whole.height;
    encoder_->pix_fmt = AV_PIX_FMT_YUV420P;
    encoder_->color_range = AVCOL_RANGE_MPEG;
    encoder_->time_base = kMilliseconds;
    encoder_->framerate = {30, 1};
    encoder_->gop_size = 60;
    encoder_->max_b_frames = 0;
    encoder_->thread_count = 1;
    const std::int64_t most_bps = std::int64_t{options.video_kbps} * 1000;
    if (kind == FileKind::webm) {
        encoder_->bit_rate = most_bps > 0 ? most_bps : 3'000'000;
        av_opt_set(encoder_->priv_data, "deadline", "realtime", 0);
        av_opt_set_int(encoder_->priv_data, "cpu-used", -8, 0);
    } else {
        av_opt_set(encoder_->priv_data, "preset", "ultrafast", 0);
        av_opt_set(encoder_->priv_data, "crf", "20", 0);
        encoder_->rc_max_rate = most_bps;
        encoder_->rc_buffer_size = static_cast<int>(most_bps);
    }
    stream_ = add_stream(file, *encoder_, codec);
    picture_->format = AV_PIX_FMT_YUV420P;
    picture_->width = encoder_->width;
    picture_->height = encoder_->height;
    need(av_frame_get_buffer(picture_.get(), 0), "recording pictures", JF_EXHAUSTED);
}

void VideoStream::write(const jf_frame& frame, std::int64_t at_ns)
{
    turn(frame);
    need(av_frame_make_writable(picture_.get()), "recording pictures", JF_EXHAUSTED);
    fit(upright_size(frame));
    picture_->pts = std::max(last_pts_ + 1, at_ns / 1'000'000);
    last_pts_ = picture_->pts;
    encode(file_, *stream_, *encoder_, picture_.get());
}

/// Finds the planes of the upright frame.
void VideoStream::turn(const jf_frame& frame)
{
    for (std::size_t plane = 0; plane < 3; ++plane) {
        planes_[plane] = frame.planes[plane];
        strides_[plane] = static_cast<int>(frame.strides_bytes[plane]);
        if (frame.rotation_deg == 0)
            continue;
        const std::size_t width = plane == 0 ? frame.width_px : (frame.width_px + 1) / 2;
        const std::size_t height = plane == 0 ? frame.height_px : (frame.height_px + 1) / 2;
        const std::size_t stride = frame.strides_bytes[plane];
        const std::size_t across = frame.rotation_deg % 180 == 0 ? width : height; // of the upright plane
        turned_[plane].resize(width * height + 64); // swscale reads whole vectors, over the end
        for (std::size_t i = 0; i < width * height; ++i) {
            const std::size_t x = i % across;
            const std::size_t y = i / across;
            turned_[plane][i] = frame.rotation_deg == 90 ? frame.planes[plane][(height - 1 - x) * stride + y]
                                : frame.rotation_deg == 180
                                    ? frame.planes[plane][(height - 1 - y) * stride + width - 1 - x]
                                    : frame.planes[plane][x * stride + width - 1 - y];
        }
        planes_[plane] = turned_[plane].data();
        strides_[plane] = static_cast<int>(across);
    }
}

/// Scales the upright frame into the middle of the picture.
void VideoStream::fit(PictureSize from)
{
    const double factor = std::min(static_cast<double>(picture_->width) / from.width,
                                   static_cast<double>(picture_->height) / from.height);
    const auto side = [factor](int length, int most) {
        return std::clamp(static_cast<int>(std::lround(length * factor / 2)) * 2, 2, most);
    };
    const PictureSize to{side(from.width, picture_->width), side(from.height, picture_->height)};
    scaler_.reset(sws_getCachedContext(scaler_.release(), from.width, from.height, AV_PIX_FMT_YUV420P, to.width,
                                       to.height, AV_PIX_FMT_YUV420P, SWS_BILINEAR, nullptr, nullptr, nullptr));
    if (!scaler_)
        throw jackfield::Failure(JF_INTERNAL, "recording pictures: no scaler for this size");
    if (to.width != fitted_.width || to.height != fitted_.height) {
        const std::ptrdiff_t strides[4] = {picture_->linesize[0], picture_->linesize[1], picture_->linesize[2], 0};
        need(av_image_fill_black(picture_->data, strides, AV_PIX_FMT_YUV420P, AVCOL_RANGE_MPEG, picture_->width,
                                 picture_->height),
             "recording pictures", JF_INTERNAL);
        fitted_ = to;
    }
    const int left = (picture_->width - to.width) / 4 * 2;
    const int top = (picture_->height - to.height) / 4 * 2;
    std::uint8_t* const into[3] = {picture_->data[0] + top * picture_->linesize[0] + left,
                                   picture_->data[1] + top / 2 * picture_->linesize[1] + left / 2,
                                   picture_->data[2] + top / 2 * picture_->linesize[2] + left / 2};
    sws_scale(scaler_.get(), planes_, strides_, 0, from.height, into, picture_->linesize);
}

void VideoStream::flush()
{
    encode(file_, *stream_, *encoder_, nullptr);
}

} // namespace media_ffmpeg
