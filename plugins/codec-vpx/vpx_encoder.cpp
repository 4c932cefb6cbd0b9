// Opens, feeds and steers an encoder of libvpx. See vpx_encoder.hpp.
//
// Threads: see vpx_encoder.hpp. Our own code allocates only when the size changes.
#include "vpx_encoder.hpp"

#include "vp9_payload.hpp"
#include <shared/codec/vp8_payload.hpp>

#include <vpx/vp8cx.h>

#include <algorithm>
#include <cmath>

namespace jackfield::codec {

namespace {

constexpr unsigned kBufferMs = 1000; // how much of the rate the encoder may owe or save up
constexpr unsigned kMinQuantizer = 2;
constexpr unsigned kMaxQuantizer = 56;
constexpr unsigned kMaxKeyFramePercent = 450; // of an average picture
constexpr int kVp8Speed = -8;                 // as fast as 8 is on paper, and faster in fact
constexpr int kVp9Speed = 8;
constexpr unsigned kCyclicRefresh = 3; // VP9: spends a little on another part of the picture each time

std::unique_ptr<Packetiser> make_packetiser(VpxFormat format, std::size_t max_payload_bytes)
{
    if (format == VpxFormat::vp8)
        return std::make_unique<Vp8Packetiser>(max_payload_bytes);
    return std::make_unique<Vp9Packetiser>(max_payload_bytes);
}

/// libvpx only reads the planes of a picture it is given to encode.
vpx_image_t borrowed(const jf_frame& frame, std::uint32_t width_px, std::uint32_t height_px)
{
    vpx_image_t image{};
    vpx_img_wrap(&image, VPX_IMG_FMT_I420, width_px, height_px, 1, const_cast<std::uint8_t*>(frame.planes[0]));
    for (std::size_t i = 0; i < 3; ++i) {
        image.planes[i] = const_cast<std::uint8_t*>(frame.planes[i]);
        image.stride[i] = static_cast<int>(frame.strides_bytes[i]);
    }
    image.range = VPX_CR_STUDIO_RANGE;
    return image;
}

} // namespace

VpxEncoder::VpxEncoder(VpxFormat format, const VpxOptions& options, const Stream& stream, PayloadSink sink)
    : PictureEncoder(stream, make_packetiser(format, stream.max_payload_bytes), sink),
      format_(format),
      key_frame_interval_s_(options.key_frame_interval_s)
{
    open_early("libvpx");
}

int VpxEncoder::open(std::uint32_t width_px, std::uint32_t height_px, std::uint32_t bitrate_bps) noexcept
{
    context_.close();
    auto* const library = format_ == VpxFormat::vp8 ? vpx_codec_vp8_cx() : vpx_codec_vp9_cx();
    if (const auto error = vpx_codec_enc_config_default(library, &config_, 0); error != VPX_CODEC_OK)
        return error;
    configure(width_px, height_px, bitrate_bps);
    clock_us_ = 0;
    if (const auto error = context_.opened(vpx_codec_enc_init(context_.get(), library, &config_, 0));
        error != VPX_CODEC_OK)
        return error;
    return control();
}

void VpxEncoder::configure(std::uint32_t width_px, std::uint32_t height_px, std::uint32_t bitrate_bps) noexcept
{
    config_.g_w = width_px;
    config_.g_h = height_px;
    config_.g_timebase = {1, 1'000'000};
    config_.g_threads = 1; // two did not help at 640x480, and would delay
    config_.g_lag_in_frames = 0;
    config_.g_error_resilient = VPX_ERROR_RESILIENT_DEFAULT;
    config_.rc_end_usage = VPX_CBR;
    config_.rc_target_bitrate = bitrate_bps / 1000;
    config_.rc_dropframe_thresh = 0; // every picture comes out
    config_.rc_min_quantizer = kMinQuantizer;
    config_.rc_max_quantizer = kMaxQuantizer;
    config_.rc_buf_sz = kBufferMs;
    config_.rc_buf_initial_sz = kBufferMs / 2;
    config_.rc_buf_optimal_sz = kBufferMs * 5 / 6;
    config_.kf_mode = VPX_KF_AUTO;
    config_.kf_min_dist = 0;
    config_.kf_max_dist = static_cast<unsigned>(std::lround(stream().frame_rate * key_frame_interval_s_));
}

int VpxEncoder::control() noexcept
{
    auto* const context = context_.get();
    int error = vpx_codec_control(context, VP8E_SET_CPUUSED, format_ == VpxFormat::vp8 ? kVp8Speed : kVp9Speed);
    if (error == 0)
        error = vpx_codec_control(context, VP8E_SET_MAX_INTRA_BITRATE_PCT, kMaxKeyFramePercent);
    if (error == 0 && format_ == VpxFormat::vp9)
        error = vpx_codec_control(context, VP9E_SET_AQ_MODE, kCyclicRefresh);
    return error;
}

std::string VpxEncoder::reason(int error) const
{
    return vpx_codec_err_to_string(static_cast<vpx_codec_err_t>(error));
}

Status VpxEncoder::run(const Task& task) noexcept
{
    follow_bitrate(task.bitrate_bps);
    const double nominal_us = 1e6 / stream().frame_rate;
    if (task.passed_us > 0)
        clock_us_ += std::max(1.0, task.passed_us);
    const vpx_image_t image = borrowed(task.frame, width_px(), height_px());
    if (vpx_codec_encode(context_.get(), &image, static_cast<vpx_codec_pts_t>(clock_us_),
                         static_cast<unsigned long>(nominal_us), task.key ? VPX_EFLAG_FORCE_KF : 0,
                         VPX_DL_REALTIME) != VPX_CODEC_OK)
        return JF_INTERNAL;
    vpx_codec_iter_t next = nullptr;
    while (const auto* packet = vpx_codec_get_cx_data(context_.get(), &next)) {
        if (packet->kind == VPX_CODEC_CX_FRAME_PKT)
            send({static_cast<const std::uint8_t*>(packet->data.frame.buf), packet->data.frame.sz}, task.stamp);
    }
    return JF_OK;
}

void VpxEncoder::follow_bitrate(std::uint32_t bitrate_bps) noexcept
{
    if (bitrate_bps / 1000 == config_.rc_target_bitrate)
        return;
    config_.rc_target_bitrate = bitrate_bps / 1000;
    vpx_codec_enc_config_set(context_.get(), &config_);
}

} // namespace jackfield::codec
