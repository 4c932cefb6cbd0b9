// Decodes a picture and hands it on. See vpx_decoder.hpp.
//
// Threads: see vpx_decoder.hpp. A stranger's picture is bounded in bytes (PartialPicture), in size (4096 x 4096), and
// VP9's in memory as well (FramePool), as one of its frames may be larger than the one that was looked at.
#include "vpx_decoder.hpp"

#include "vp9_header.hpp"
#include "vp9_payload.hpp"
#include <shared/codec/vp8_payload.hpp>

#include <vpx/vp8dx.h>

namespace jackfield::codec {

namespace {

vpx_codec_iface_t* library_of(VpxFormat format)
{
    return format == VpxFormat::vp8 ? vpx_codec_vp8_dx() : vpx_codec_vp9_dx();
}

std::unique_ptr<Depacketiser> make_depacketiser(VpxFormat format)
{
    if (format == VpxFormat::vp8)
        return std::make_unique<Vp8Depacketiser>();
    return std::make_unique<Vp9Depacketiser>();
}

} // namespace

VpxDecoder::VpxDecoder(VpxFormat format, FrameSink sink)
    : PictureDecoder(make_depacketiser(format), sink), format_(format)
{
    vpx_codec_dec_cfg_t config{};
    config.threads = 1; // more would take memory for each, and gain nothing at the sizes of a call
    auto error = context_.opened(vpx_codec_dec_init(context_.get(), library_of(format), &config, 0));
    if (error == VPX_CODEC_OK && format == VpxFormat::vp9)
        error = vpx_codec_set_frame_buffer_functions(context_.get(), &FramePool::take, &FramePool::give_back, &pool_);
    if (error != VPX_CODEC_OK)
        throw Failure(JF_INTERNAL, std::string("libvpx does not open: ") + vpx_codec_err_to_string(error));
}

bool VpxDecoder::show(ByteView encoded, std::int64_t time_ns) noexcept
{
    if (!within_bounds(encoded) || vpx_codec_decode(context_.get(), encoded.data(),
                                                    static_cast<unsigned>(encoded.size()), nullptr, 0) != VPX_CODEC_OK)
        return false;
    int damaged = 0;
    if (vpx_codec_control(context_.get(), VP8D_GET_FRAME_CORRUPTED, &damaged) != VPX_CODEC_OK || damaged != 0)
        return false;
    vpx_codec_iter_t next = nullptr;
    while (const vpx_image_t* image = vpx_codec_get_frame(context_.get(), &next)) {
        if (!hand_on(*image, time_ns))
            return false;
    }
    return true;
}

/// Looks at the sizes before libvpx takes memory for them. VP8 says its size in key frames only.
bool VpxDecoder::within_bounds(ByteView encoded) const noexcept
{
    if (format_ == VpxFormat::vp8) {
        vpx_codec_stream_info_t info{};
        info.sz = sizeof(info);
        vpx_codec_peek_stream_info(library_of(format_), encoded.data(), static_cast<unsigned>(encoded.size()), &info);
        return info.w <= kMaxSidePx && info.h <= kMaxSidePx;
    }
    bool within = true;
    each_vp9_frame(encoded, [&](ByteView frame) {
        const auto header = read_vp9_header(frame);
        within = within && header && header->width_px <= kMaxSidePx && header->height_px <= kMaxSidePx;
    });
    return within;
}

bool VpxDecoder::hand_on(const vpx_image_t& image, std::int64_t time_ns) noexcept
{
    if (image.fmt != VPX_IMG_FMT_I420 || image.d_w > kMaxSidePx || image.d_h > kMaxSidePx)
        return false;
    jf_frame frame{};
    frame.struct_size = sizeof(frame);
    frame.kind = JF_VIDEO;
    frame.time_ns = time_ns;
    frame.width_px = image.d_w;
    frame.height_px = image.d_h;
    for (std::size_t i = 0; i < 3; ++i) {
        frame.planes[i] = image.planes[i];
        frame.strides_bytes[i] = static_cast<std::uint32_t>(image.stride[i]);
    }
    sink_.frame(frame);
    return true;
}

} // namespace jackfield::codec
