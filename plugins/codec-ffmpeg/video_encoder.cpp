// Opens, feeds and steers a video encoder of libavcodec.
//
// Threads: see video_encoder.hpp. Planes are lent to libavcodec, not copied; our own code allocates only when the size
// changes.
#include "video_encoder.hpp"

#include "av1_payload.hpp"
#include "h264_payload.hpp"
#include <shared/codec/vp8_payload.hpp>

#include <algorithm>
#include <cmath>

namespace jackfield::codec {

namespace {

constexpr double kBufferSeconds = 1;               // how much of the rate the encoder may owe or save up
constexpr const char* kMaxKeyFramePercent = "450"; // of an average picture
constexpr const char* kAomParameters = "cpu-used=9:aq-mode=3:enable-order-hint=0:max-intra-rate=450";

const char* encoder_name(VideoFormat format)
{
    switch (format) {
    case VideoFormat::vp8:
        return "libvpx";
    case VideoFormat::av1:
        return "libaom-av1";
    default:
        return "libx264";
    }
}

std::unique_ptr<Packetiser> make_packetiser(VideoFormat format, std::size_t max_payload_bytes)
{
    if (format == VideoFormat::vp8)
        return std::make_unique<Vp8Packetiser>(max_payload_bytes);
    if (format == VideoFormat::av1)
        return std::make_unique<Av1Packetiser>(max_payload_bytes);
    return std::make_unique<H264Packetiser>(max_payload_bytes);
}

} // namespace

VideoEncoder::VideoEncoder(VideoFormat format, const Options& options, const Stream& stream, PayloadSink sink)
    : PictureEncoder(stream, make_packetiser(format, stream.max_payload_bytes), sink),
      format_(format),
      key_frame_interval_s_(options.key_frame_interval_s),
      picture_(av_frame_alloc()),
      packet_(av_packet_alloc())
{
    if (!picture_ || !packet_)
        throw std::bad_alloc();
    picture_->buf[0] = borrowed_marker().release();
    if (picture_->buf[0] == nullptr)
        throw std::bad_alloc();
    open_early(encoder_name(format));
}

int VideoEncoder::open(std::uint32_t width_px, std::uint32_t height_px, std::uint32_t bitrate_bps) noexcept
{
    const AVCodec* codec = avcodec_find_encoder_by_name(encoder_name(format_));
    context_.reset(codec != nullptr ? avcodec_alloc_context3(codec) : nullptr);
    if (!context_)
        return AVERROR_ENCODER_NOT_FOUND;
    context_->width = static_cast<int>(width_px);
    context_->height = static_cast<int>(height_px);
    context_->pix_fmt = AV_PIX_FMT_YUV420P;
    context_->color_range = AVCOL_RANGE_MPEG;
    context_->time_base = {1, 1'000'000};
    context_->framerate = av_d2q(stream().frame_rate, 1001 * 240);
    context_->gop_size = static_cast<int>(std::lround(stream().frame_rate * key_frame_interval_s_));
    context_->max_b_frames = 0;
    context_->thread_count = 1; // two did not help at 640x480, and would delay
    open_bps_ = bitrate_bps;
    context_->bit_rate = context_->rc_max_rate = open_bps_;
    context_->rc_buffer_size = static_cast<int>(open_bps_ * kBufferSeconds);
    if (format_ == VideoFormat::vp8)
        configure_vp8();
    else if (format_ == VideoFormat::av1)
        configure_av1();
    else
        configure_h264();
    clock_us_ = 0;
    const int result = avcodec_open2(context_.get(), codec, nullptr);
    if (result >= 0)
        return 0;
    context_.reset();
    return result;
}

std::string VideoEncoder::reason(int error) const
{
    return av_reason(error);
}

/// How libvpx and libaom, which grew out of it, understand that.
void VideoEncoder::ask_for_constant_rate() noexcept
{
    context_->rc_min_rate = context_->bit_rate; // all three equal means constant rate
    context_->rc_initial_buffer_occupancy = context_->rc_buffer_size / 2;
    context_->qmin = 2;
    context_->qmax = 56;
}

void VideoEncoder::configure_vp8() noexcept
{
    ask_for_constant_rate();
    av_opt_set(context_->priv_data, "deadline", "realtime", 0);
    av_opt_set(context_->priv_data, "cpu-used", "-8", 0);
    av_opt_set(context_->priv_data, "lag-in-frames", "0", 0);
    av_opt_set(context_->priv_data, "error-resilient", "1", 0);
    av_opt_set(context_->priv_data, "max-intra-rate", kMaxKeyFramePercent, 0);
}

void VideoEncoder::configure_av1() noexcept
{
    ask_for_constant_rate();
    av_opt_set(context_->priv_data, "usage", "realtime", 0);
    av_opt_set(context_->priv_data, "cpu-used", "8", 0);
    av_opt_set(context_->priv_data, "lag-in-frames", "0", 0);
    // For libaom itself: a speed that libavcodec does not know, cyclic refresh, and no picture numbers that only
    // pictures sent out of order would need.
    av_opt_set(context_->priv_data, "aom-params", kAomParameters, 0);
}

void VideoEncoder::configure_h264() noexcept
{
    av_opt_set(context_->priv_data, "preset", "ultrafast", 0);
    av_opt_set(context_->priv_data, "tune", "zerolatency", 0);
    av_opt_set(context_->priv_data, "profile", "baseline", 0);
    av_opt_set(context_->priv_data, "forced-idr", "1", 0);
    // A peer without packetization-mode 1 takes no fragments (RFC 6184 section 6.2): slices that fit one payload.
    if (format_parameter(stream().parameters, "packetization-mode") != "1")
        av_opt_set_int(context_->priv_data, "slice-max-size", stream().max_payload_bytes, 0);
}

Status VideoEncoder::run(const Task& task) noexcept
{
    follow_bitrate(task.bitrate_bps);
    // libavcodec does not tell an open libvpx or libaom a new rate; but these give a picture as many bits as the rate
    // allows in the time since the picture before. So their time runs slower or faster than ours, by as much as the
    // wanted rate differs from the one it was opened with.
    if (task.passed_us > 0)
        clock_us_ += std::max(1.0, task.passed_us * task.bitrate_bps / open_bps_);
    borrow(task.frame);
    picture_->pts = static_cast<std::int64_t>(clock_us_);
    picture_->pict_type = task.key ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
    if (avcodec_send_frame(context_.get(), picture_.get()) < 0)
        return JF_INTERNAL;
    while (avcodec_receive_packet(context_.get(), packet_.get()) >= 0) {
        send({packet_->data, static_cast<std::size_t>(packet_->size)}, task.stamp);
        av_packet_unref(packet_.get());
    }
    return JF_OK;
}

void VideoEncoder::follow_bitrate(std::uint32_t bitrate_bps) noexcept
{
    if (bitrate_bps == open_bps_ || format_ != VideoFormat::h264)
        return; // VP8 and AV1: see run
    // libavcodec passes these on to an open libx264 with the next picture.
    context_->bit_rate = context_->rc_max_rate = bitrate_bps;
    context_->rc_buffer_size = static_cast<int>(bitrate_bps * kBufferSeconds);
    open_bps_ = bitrate_bps;
}

void VideoEncoder::borrow(const jf_frame& frame) noexcept
{
    picture_->format = AV_PIX_FMT_YUV420P;
    picture_->color_range = AVCOL_RANGE_MPEG;
    picture_->width = context_->width;
    picture_->height = context_->height;
    for (std::size_t i = 0; i < 3; ++i) {
        // libavcodec only reads the planes of a picture it is given to encode.
        picture_->data[i] = const_cast<std::uint8_t*>(frame.planes[i]);
        picture_->linesize[i] = static_cast<int>(frame.strides_bytes[i]);
    }
}

} // namespace jackfield::codec
