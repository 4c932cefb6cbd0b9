// A track of pictures of a recording. See picture_track.hpp.

#include "picture_track.hpp"

extern "C" {
#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
}

#include <algorithm>
#include <cmath>

namespace media_ffmpeg {

namespace {

constexpr AVRational kMilliseconds{1, 1000};

} // namespace

PictureSize upright_size(const jf_frame& frame)
{
    PictureSize size{static_cast<int>(frame.width_px), static_cast<int>(frame.height_px)};
    if (frame.rotation_deg % 180 != 0)
        std::swap(size.width, size.height);
    return size;
}

PictureTrack::PictureTrack(AVFormatContext& file, FileKind kind, const RecordOptions& options, PictureSize size,
                           const TrackName& name)
    : track_(kind == FileKind::webm ? Track(file, {"libvpx"}) : Track(file, {"libx264", "mpeg4"}))
{
    AVCodecContext& encoder = track_.encoder();
    const PictureSize whole = shown_size(size, {1, 1}, 0, jf_source_format{});
    encoder.width = whole.width;
    encoder.height = whole.height;
    encoder.pix_fmt = AV_PIX_FMT_YUV420P;
    encoder.color_range = AVCOL_RANGE_MPEG;
    encoder.time_base = kMilliseconds;
    encoder.framerate = {30, 1};
    encoder.gop_size = 60;
    encoder.max_b_frames = 0;
    encoder.thread_count = 1;
    const std::int64_t most_bps = std::int64_t{options.video_kbps} * 1000;
    if (kind == FileKind::webm) {
        encoder.bit_rate = most_bps > 0 ? most_bps : 3'000'000;
        av_opt_set(encoder.priv_data, "deadline", "realtime", 0);
        av_opt_set_int(encoder.priv_data, "cpu-used", -8, 0);
    } else {
        av_opt_set(encoder.priv_data, "preset", "ultrafast", 0);
        av_opt_set(encoder.priv_data, "crf", "20", 0);
        encoder.rc_max_rate = most_bps;
        encoder.rc_buffer_size = static_cast<int>(most_bps);
    }
    track_.open(name);
    picture_->format = AV_PIX_FMT_YUV420P;
    picture_->width = encoder.width;
    picture_->height = encoder.height;
    need(av_frame_get_buffer(picture_.get(), 0), "recording pictures", JF_EXHAUSTED);
}

void PictureTrack::write(const jf_frame& frame, std::int64_t at_ns)
{
    turn(frame);
    need(av_frame_make_writable(picture_.get()), "recording pictures", JF_EXHAUSTED);
    fit(upright_size(frame));
    picture_->pts = std::max(last_pts_ + 1, at_ns / 1'000'000);
    last_pts_ = picture_->pts;
    track_.encode(picture_.get());
}

/// Finds the planes of the upright frame.
void PictureTrack::turn(const jf_frame& frame)
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
void PictureTrack::fit(PictureSize from)
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

void PictureTrack::flush()
{
    track_.encode(nullptr);
}

} // namespace media_ffmpeg
