// Converts pictures. See picture_maker.hpp.

#include "picture_maker.hpp"

#include <algorithm>

namespace media_capture {

Size fitted(Size own, const jf_source_format& format)
{
    constexpr int kMost = 4096;
    const auto most = [](std::uint32_t asked) {
        return asked == 0 ? kMost : static_cast<int>(std::min<std::uint32_t>(asked, kMost));
    };
    const double shrink = std::min({1.0, static_cast<double>(most(format.max_width_px)) / own.width,
                                    static_cast<double>(most(format.max_height_px)) / own.height});
    const auto even = [](double side) { return std::max(16, static_cast<int>(side + 1e-6) & ~1); };
    return {even(own.width * shrink), even(own.height * shrink)};
}

bool PictureMaker::make(const AVFrame& from, jf_frame& picture)
{
    const Size size{from.width, from.height};
    if (scaler_ == nullptr || size != from_ || from.format != from_format_) {
        from_ = size;
        from_format_ = from.format;
        to_ = fitted(size, format_);
        scaler_.reset(sws_getContext(size.width, size.height, static_cast<AVPixelFormat>(from.format), to_.width,
                                     to_.height, AV_PIX_FMT_YUV420P, SWS_BILINEAR, nullptr, nullptr, nullptr));
        if (scaler_ == nullptr)
            return false;
        const bool full = from.color_range == AVCOL_RANGE_JPEG || from.format == AV_PIX_FMT_YUVJ420P ||
                          from.format == AV_PIX_FMT_YUVJ422P || from.format == AV_PIX_FMT_YUVJ444P;
        const int* const colours = sws_getCoefficients(SWS_CS_ITU601);
        sws_setColorspaceDetails(scaler_.get(), colours, full ? 1 : 0, colours, 0, 0, 1 << 16, 1 << 16);
        planes_[0].resize(static_cast<std::size_t>(to_.width) * static_cast<std::size_t>(to_.height));
        planes_[1].resize(planes_[0].size() / 4);
        planes_[2].resize(planes_[0].size() / 4);
    }
    std::uint8_t* const planes[] = {planes_[0].data(), planes_[1].data(), planes_[2].data()};
    const int strides[] = {to_.width, to_.width / 2, to_.width / 2};
    if (sws_scale(scaler_.get(), from.data, from.linesize, 0, from.height, planes, strides) != to_.height)
        return false;
    picture = {};
    picture.struct_size = sizeof(picture);
    picture.kind = JF_VIDEO;
    picture.width_px = static_cast<std::uint32_t>(to_.width);
    picture.height_px = static_cast<std::uint32_t>(to_.height);
    for (std::size_t plane = 0; plane < planes_.size(); ++plane) {
        picture.planes[plane] = planes[plane];
        picture.strides_bytes[plane] = static_cast<std::uint32_t>(strides[plane]);
    }
    return true;
}

} // namespace media_capture
