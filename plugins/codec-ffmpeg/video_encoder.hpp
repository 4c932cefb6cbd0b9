// VP8 by libvpx, H.264 by libx264 and AV1 by libaom, all through libavcodec and tuned for delay: one picture in, one
// out.
//
// Threads: encode on one media thread; set_bitrate and request_key_frame on any. Lifetime: opened warm when the size is
// known; another size reopens it.
#pragma once

#include "av.hpp"
#include "options.hpp"

#include <shared/codec/picture_encoder.hpp>

namespace jackfield::codec {

class VideoEncoder final : public PictureEncoder {
public:
    /// Throws Failure.
    VideoEncoder(VideoFormat format, const Options& options, const Stream& stream, PayloadSink sink);

private:
    int open(std::uint32_t width_px, std::uint32_t height_px, std::uint32_t bitrate_bps) noexcept override;
    std::string reason(int error) const override;
    Status run(const Task& task) noexcept override;
    void configure_vp8() noexcept;
    void configure_h264() noexcept;
    void configure_av1() noexcept;
    void ask_for_constant_rate() noexcept;
    void follow_bitrate(std::uint32_t bitrate_bps) noexcept;
    void borrow(const jf_frame& frame) noexcept;

    VideoFormat format_;
    std::uint32_t key_frame_interval_s_;
    Av<AVCodecContext> context_;
    Av<AVFrame> picture_;
    Av<AVPacket> packet_;
    std::uint32_t open_bps_ = 0; // what the open encoder believes
    double clock_us_ = 0;        // the encoder's own time
};

} // namespace jackfield::codec
