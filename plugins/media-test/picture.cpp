// Draws the test picture. See picture.hpp.

#include "picture.hpp"

#include <algorithm>

namespace media_test {

namespace {

constexpr std::uint32_t kLeastSide = 16; // of what codecs take
constexpr std::uint32_t kMostSide = 4096;
constexpr std::uint32_t kBars = 8;
constexpr std::uint8_t kBlack = 16; // limited range, ITU-R BT.601
constexpr std::uint8_t kWhite = 235;
constexpr std::uint8_t kGrey = 128;

// White, yellow, cyan, green, magenta, red, blue, black at three quarters of their strength.
constexpr std::uint8_t kLuma[kBars]{180, 162, 131, 112, 84, 65, 35, kBlack};
constexpr std::uint8_t kBlueDifference[kBars]{kGrey, 44, 156, 72, 184, 100, 212, kGrey};
constexpr std::uint8_t kRedDifference[kBars]{kGrey, 142, 44, 58, 198, 212, 114, kGrey};

std::uint32_t pairs(double side)
{
    constexpr double kRounding = 1e-6; // a third of 1080 is 360
    return std::max(kLeastSide, static_cast<std::uint32_t>(side + kRounding) & ~1U);
}

} // namespace

Size fitted(Size own, const jf_source_format& format)
{
    const auto most = [](std::uint32_t asked) { return static_cast<double>(asked > 0 ? asked : kMostSide); };
    const double shrink =
        std::min({1.0, most(format.max_width_px) / own.width_px, most(format.max_height_px) / own.height_px});
    return {pairs(own.width_px * shrink), pairs(own.height_px * shrink)};
}

Picture::Picture(Size size) : size_(size), band_px_(size.height_px / 8 * 2), mark_px_(size.width_px / 16)
{
    const std::uint32_t bars_px = size.height_px - band_px_;
    planes_[0].assign(std::size_t{size.width_px} * size.height_px, kBlack);
    planes_[1].assign(std::size_t{size.width_px / 2} * (size.height_px / 2), kGrey);
    planes_[2] = planes_[1];
    fill(0, 0, bars_px, kLuma);
    fill(1, 0, bars_px / 2, kBlueDifference);
    fill(2, 0, bars_px / 2, kRedDifference);
}

void Picture::fill(std::uint32_t plane, std::uint32_t from_row, std::uint32_t rows, const std::uint8_t (&bars)[8])
{
    const std::uint32_t width = plane == 0 ? size_.width_px : size_.width_px / 2;
    for (std::uint32_t y = from_row; y < from_row + rows; ++y) {
        for (std::uint32_t x = 0; x < width; ++x)
            planes_[plane][std::size_t{y} * width + x] = bars[x * kBars / width];
    }
}

jf_frame Picture::at(std::int64_t media_ns)
{
    const auto way_px = static_cast<std::int64_t>(size_.width_px - mark_px_);
    const std::int64_t left = media_ns % kRunNs * way_px / kRunNs;
    for (std::uint32_t y = size_.height_px - band_px_; y < size_.height_px; ++y) {
        const auto row = planes_[0].begin() + std::int64_t{y} * size_.width_px;
        std::fill_n(row, size_.width_px, kBlack);
        std::fill_n(row + left, mark_px_, kWhite);
    }
    jf_frame frame{};
    frame.struct_size = sizeof(frame);
    frame.kind = JF_VIDEO;
    frame.width_px = size_.width_px;
    frame.height_px = size_.height_px;
    for (std::size_t plane = 0; plane < planes_.size(); ++plane) {
        frame.planes[plane] = planes_[plane].data();
        frame.strides_bytes[plane] = plane == 0 ? size_.width_px : size_.width_px / 2;
    }
    return frame;
}

} // namespace media_test
