// VP8 and VP9 by libvpx, tuned for delay: one picture in, one out.
//
// Threads: encode on one media thread; set_bitrate and request_key_frame on any. Lifetime: opened warm when the size is
// known; another size reopens it.
#pragma once

#include "options.hpp"
#include "vpx_context.hpp"

#include <shared/codec/picture_encoder.hpp>

#include <vpx/vpx_encoder.h>

namespace jackfield::codec {

class VpxEncoder final : public PictureEncoder {
public:
    /// Throws Failure.
    VpxEncoder(VpxFormat format, const VpxOptions& options, const Stream& stream, PayloadSink sink);

private:
    int open(std::uint32_t width_px, std::uint32_t height_px, std::uint32_t bitrate_bps) noexcept override;
    std::string reason(int error) const override;
    Status run(const Task& task) noexcept override;
    void configure(std::uint32_t width_px, std::uint32_t height_px, std::uint32_t bitrate_bps) noexcept;
    int control() noexcept;
    void follow_bitrate(std::uint32_t bitrate_bps) noexcept;

    VpxFormat format_;
    std::uint32_t key_frame_interval_s_;
    vpx_codec_enc_cfg_t config_{};
    VpxContext context_;
    double clock_us_ = 0; // presentation time of the picture before
};

} // namespace jackfield::codec
