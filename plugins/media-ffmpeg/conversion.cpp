// What becomes of sound and pictures. See conversion.hpp.

#include "conversion.hpp"

extern "C" {
#include <libavutil/display.h>
}

#include <algorithm>
#include <cmath>

namespace media_ffmpeg {

namespace {

constexpr double kLeastSide = 16; // of what codecs take
constexpr double kMostSide = 4096;
constexpr std::uint32_t kMostChannels = 8;

int even(double side)
{
    return std::max(static_cast<int>(kLeastSide), static_cast<int>(std::lround(side / 2)) * 2);
}

std::string layout_of(std::uint32_t channels)
{
    return channels == 1 ? "mono" : channels == 2 ? "stereo" : std::to_string(channels) + "c";
}

} // namespace

int turn_of(const AVStream& stream)
{
    const auto* matrix = av_stream_get_side_data(&stream, AV_PKT_DATA_DISPLAYMATRIX, nullptr);
    if (matrix == nullptr)
        return 0;
    const double left = av_display_rotation_get(reinterpret_cast<const std::int32_t*>(matrix));
    if (std::isnan(left))
        return 0;
    return (static_cast<int>(std::lround(-left / 90)) % 4 + 4) % 4 * 90;
}

PictureSize shown_size(PictureSize coded, AVRational aspect, int turn, const jf_source_format& format)
{
    double ratio = aspect.num > 0 && aspect.den > 0 ? av_q2d(aspect) : 1;
    if (ratio < 0.2 || ratio > 5) // nobody makes such pixels: a damaged header
        ratio = 1;
    double width = coded.width * ratio;
    double height = coded.height;
    if (turn % 180 != 0)
        std::swap(width, height);
    const double most_width = format.max_width_px > 0 ? std::min<double>(format.max_width_px, kMostSide) : kMostSide;
    const double most_height = format.max_height_px > 0 ? std::min<double>(format.max_height_px, kMostSide) : kMostSide;
    const double grow = std::max(1.0, kLeastSide / std::max(1.0, std::min(width, height)));
    const double shrink = std::min({1.0, most_width / (width * grow), most_height / (height * grow)});
    const PictureSize exact{even(width * grow * shrink), even(height * grow * shrink)};
    // Rounding to pairs may have gone over what was asked for.
    return {exact.width > most_width ? std::max(16, exact.width - 2) : exact.width,
            exact.height > most_height ? std::max(16, exact.height - 2) : exact.height};
}

std::string video_chain(PictureSize shown, int turn, bool full_range)
{
    if (turn % 180 != 0)
        std::swap(shown.width, shown.height); // scaled as it lies, then turned
    return "scale=w=" + std::to_string(shown.width) + ":h=" + std::to_string(shown.height) + ":flags=bilinear" +
           (full_range ? ":out_range=tv" : "") + ",format=yuv420p" +
           (turn == 90    ? ",transpose=clock"
            : turn == 180 ? ",hflip,vflip"
            : turn == 270 ? ",transpose=cclock"
                          : "") +
           ",setsar=1";
}

std::string audio_chain(const jf_source_format& format, int rate_hz, int channels)
{
    const std::uint32_t rate = format.sample_rate_hz > 0 ? format.sample_rate_hz : static_cast<std::uint32_t>(rate_hz);
    const std::uint32_t wanted =
        std::clamp(format.channels > 0 ? format.channels : static_cast<std::uint32_t>(channels), 1U, kMostChannels);
    const std::uint32_t frame_ms = std::clamp(format.frame_ms > 0 ? format.frame_ms : 20U, 1U, 200U);
    // FFmpeg spreads one channel over two with half the power each, and adds channels up beyond full scale. A voice
    // shall stay as loud as it is, and nothing shall clip.
    const std::string spread = channels == 1 && wanted == 2 ? "pan=stereo|c0=c0|c1=c0," : "";
    return spread + "aresample=rematrix_maxval=1,aformat=sample_fmts=flt:sample_rates=" + std::to_string(rate) +
           ":channel_layouts=" + layout_of(wanted) +
           ",asetnsamples=n=" + std::to_string(std::max(1U, rate * frame_ms / 1000)) + ":p=0";
}

} // namespace media_ffmpeg
