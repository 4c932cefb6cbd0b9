// Opens, feeds and steers a video encoder.
//
// Threads: see video_encoder.hpp. Planes are lent to libavcodec, not copied; our own code allocates only when the size
// changes.
#include "video_encoder.hpp"

#include "h264_payload.hpp"
#include "vp8_payload.hpp"

#include <algorithm>
#include <cmath>

namespace jackfield::codec {

namespace {

constexpr std::uint32_t kMinBitrate = 30'000;
constexpr std::uint32_t kMaxBitrate = kMaxVideoBitrate;
constexpr std::uint32_t kMinSidePx = 16;
constexpr double kBufferSeconds = 1;               // how much of the rate the encoder may owe or save up
constexpr const char* kMaxKeyFramePercent = "450"; // of an average picture

const char* encoder_name(VideoFormat format)
{
    return format == VideoFormat::vp8 ? "libvpx" : "libx264";
}

/// RTP counts video in 90 kHz.
std::uint32_t to_90_khz(std::int64_t time_ns)
{
    return static_cast<std::uint32_t>(time_ns / 100'000 * 9 + time_ns % 100'000 * 9 / 100'000);
}

bool usable(const jf_frame& frame)
{
    if (frame.kind != JF_VIDEO || frame.width_px < kMinSidePx || frame.height_px < kMinSidePx ||
        frame.width_px > kMaxSidePx || frame.height_px > kMaxSidePx)
        return false;
    for (std::size_t i = 0; i < 3; ++i) {
        const std::uint32_t least = i == 0 ? frame.width_px : (frame.width_px + 1) / 2;
        if (frame.planes[i] == nullptr || frame.strides_bytes[i] < least || frame.strides_bytes[i] > 1U << 20)
            return false;
    }
    return true;
}

/// I420 halves both sides: an odd last row or column is left away.
std::uint32_t even(std::uint32_t side_px)
{
    return side_px & ~1U;
}

} // namespace

VideoEncoder::VideoEncoder(VideoFormat format, const Options& options, const Stream& stream, PayloadSink sink)
    : format_(format),
      stream_(stream),
      key_frame_interval_s_(options.key_frame_interval_s),
      sink_(sink),
      picture_(av_frame_alloc()),
      packet_(av_packet_alloc()),
      wanted_bps_(stream.bitrate_bps)
{
    if (format == VideoFormat::vp8)
        packetiser_ = std::make_unique<Vp8Packetiser>(stream.max_payload_bytes);
    else
        packetiser_ = std::make_unique<H264Packetiser>(stream.max_payload_bytes);
    if (!picture_ || !packet_)
        throw std::bad_alloc();
    picture_->buf[0] = borrowed_marker().release();
    if (picture_->buf[0] == nullptr)
        throw std::bad_alloc();
    if (stream.width_px == 0 || stream.height_px == 0)
        return; // opens with the first picture, whose size we do not know yet
    if (stream.width_px < kMinSidePx || stream.height_px < kMinSidePx)
        throw Failure(JF_BAD_INPUT, "/width_px, /height_px: a picture is at least 16 x 16");
    if (const int error = open(even(stream.width_px), even(stream.height_px)); error < 0)
        throw Failure(JF_INTERNAL, std::string(encoder_name(format)) + " does not open: " + av_reason(error));
    warm_up();
}

int VideoEncoder::open(std::uint32_t width_px, std::uint32_t height_px) noexcept
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
    context_->framerate = av_d2q(stream_.frame_rate, 1001 * 240);
    context_->gop_size = static_cast<int>(std::lround(stream_.frame_rate * key_frame_interval_s_));
    context_->max_b_frames = 0;
    context_->thread_count = 1; // two did not help at 640x480, and would delay
    open_bps_ = bps_ = target_bps();
    context_->bit_rate = context_->rc_max_rate = open_bps_;
    context_->rc_buffer_size = static_cast<int>(open_bps_ * kBufferSeconds);
    if (format_ == VideoFormat::vp8)
        configure_vp8();
    else
        configure_h264();
    const int result = avcodec_open2(context_.get(), codec, nullptr);
    if (result < 0)
        context_.reset();
    clock_us_ = 0;
    key_frame_wanted_.store(true, std::memory_order_relaxed);
    return result;
}

void VideoEncoder::configure_vp8() noexcept
{
    context_->rc_min_rate = context_->bit_rate; // all three equal means constant rate to libvpx
    context_->rc_initial_buffer_occupancy = context_->rc_buffer_size / 2;
    context_->qmin = 2;
    context_->qmax = 56;
    av_opt_set(context_->priv_data, "deadline", "realtime", 0);
    av_opt_set(context_->priv_data, "cpu-used", "-8", 0);
    av_opt_set(context_->priv_data, "lag-in-frames", "0", 0);
    av_opt_set(context_->priv_data, "error-resilient", "1", 0);
    av_opt_set(context_->priv_data, "max-intra-rate", kMaxKeyFramePercent, 0);
}

void VideoEncoder::configure_h264() noexcept
{
    av_opt_set(context_->priv_data, "preset", "ultrafast", 0);
    av_opt_set(context_->priv_data, "tune", "zerolatency", 0);
    av_opt_set(context_->priv_data, "profile", "baseline", 0);
    av_opt_set(context_->priv_data, "forced-idr", "1", 0);
    // A peer without packetization-mode 1 takes no fragments (RFC 6184 section 6.2): slices that fit one payload.
    if (format_parameter(stream_.parameters, "packetization-mode") != "1")
        av_opt_set_int(context_->priv_data, "slice-max-size", stream_.max_payload_bytes, 0);
}

/// The first picture through an encoder costs more than the rest: let it be a grey one that nobody sees.
void VideoEncoder::warm_up() noexcept
{
    const auto width = static_cast<std::size_t>(context_->width);
    const auto height = static_cast<std::size_t>(context_->height);
    const Bytes grey(width * height, 128);
    jf_frame frame{};
    frame.kind = JF_VIDEO;
    frame.width_px = static_cast<std::uint32_t>(width);
    frame.height_px = static_cast<std::uint32_t>(height);
    for (std::size_t i = 0; i < 3; ++i) {
        frame.planes[i] = grey.data();
        frame.strides_bytes[i] = i == 0 ? frame.width_px : frame.width_px / 2;
    }
    borrow(frame);
    picture_->pts = 0;
    picture_->pict_type = AV_PICTURE_TYPE_I;
    run(nullptr);
}

Status VideoEncoder::encode(const jf_frame& frame) noexcept
{
    if (!usable(frame))
        return JF_BAD_INPUT;
    const std::uint32_t width_px = even(frame.width_px);
    const std::uint32_t height_px = even(frame.height_px);
    if (!context_ || context_->width != static_cast<int>(width_px) || context_->height != static_cast<int>(height_px)) {
        if (open(width_px, height_px) < 0)
            return JF_INTERNAL;
    }
    follow_bitrate();
    advance_clocks(frame.time_ns);
    borrow(frame);
    picture_->pts = static_cast<std::int64_t>(clock_us_);
    picture_->pict_type =
        key_frame_wanted_.exchange(false, std::memory_order_relaxed) ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
    jf_payload stamp{};
    stamp.struct_size = sizeof(stamp);
    stamp.rtp_timestamp = last_timestamp_;
    stamp.time_ns = frame.time_ns;
    return run(&stamp);
}

void VideoEncoder::set_bitrate(std::uint32_t bits_per_second) noexcept
{
    wanted_bps_.store(std::clamp(bits_per_second, kMinBitrate, kMaxBitrate), std::memory_order_relaxed);
}

void VideoEncoder::request_key_frame() noexcept
{
    key_frame_wanted_.store(true, std::memory_order_relaxed);
}

std::uint32_t VideoEncoder::target_bps() const noexcept
{
    const std::uint32_t wanted = wanted_bps_.load(std::memory_order_relaxed);
    if (wanted != 0)
        return std::clamp(wanted, kMinBitrate, kMaxBitrate);
    return default_video_bitrate(static_cast<std::uint32_t>(context_->width),
                                 static_cast<std::uint32_t>(context_->height));
}

void VideoEncoder::follow_bitrate() noexcept
{
    const std::uint32_t wanted = target_bps();
    if (wanted == bps_)
        return;
    bps_ = wanted;
    if (format_ == VideoFormat::vp8)
        return; // see advance_clocks
    // libavcodec passes these on to an open libx264 with the next picture.
    context_->bit_rate = context_->rc_max_rate = bps_;
    context_->rc_buffer_size = static_cast<int>(bps_ * kBufferSeconds);
    open_bps_ = bps_;
}

/// Two clocks: RTP's, and the one the encoder budgets by. libavcodec does not tell an open libvpx a new rate; but
/// libvpx gives a picture as many bits as its rate allows in the time since the picture before. So its time runs
/// slower or faster than ours, by as much as the wanted rate differs from the one it was opened with.
void VideoEncoder::advance_clocks(std::int64_t time_ns) noexcept
{
    const double nominal_us = 1e6 / stream_.frame_rate;
    double passed_us = nominal_us;
    std::uint32_t timestamp = to_90_khz(time_ns);
    if (started_) {
        passed_us = std::clamp(static_cast<double>(time_ns - last_time_ns_) / 1e3, nominal_us / 4, 1e6);
        if (timestamp == last_timestamp_)
            ++timestamp; // equal timestamps would make one picture of two (RFC 3550 section 5.1)
    }
    clock_us_ += std::max(1.0, passed_us * bps_ / open_bps_);
    last_timestamp_ = timestamp;
    last_time_ns_ = time_ns;
    started_ = true;
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

/// Encodes what was borrowed; without a stamp the result is thrown away.
Status VideoEncoder::run(const jf_payload* stamp) noexcept
{
    if (avcodec_send_frame(context_.get(), picture_.get()) < 0)
        return JF_INTERNAL;
    while (avcodec_receive_packet(context_.get(), packet_.get()) >= 0) {
        if (stamp != nullptr)
            packetiser_->cut({packet_->data, static_cast<std::size_t>(packet_->size)}, *stamp, sink_);
        av_packet_unref(packet_.get());
    }
    return JF_OK;
}

} // namespace jackfield::codec
