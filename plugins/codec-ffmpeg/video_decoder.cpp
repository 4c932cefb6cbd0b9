// Decodes a picture and hands it on.
//
// Threads: see video_decoder.hpp. A stranger's picture is bounded in bytes (PartialPicture) and in size (4096 x 4096).
#include "video_decoder.hpp"

#include "av1_payload.hpp"
#include "h264_payload.hpp"
#include <shared/codec/vp8_payload.hpp>

namespace jackfield::codec {

namespace {

static_assert(PartialPicture::kPaddingBytes >= AV_INPUT_BUFFER_PADDING_SIZE);

const char* decoder_name(VideoFormat format)
{
    switch (format) {
    case VideoFormat::vp8:
        return "vp8";
    case VideoFormat::av1:
        return "libdav1d"; // what libavcodec itself has for AV1 needs hardware
    default:
        return "h264";
    }
}

std::unique_ptr<Depacketiser> make_depacketiser(VideoFormat format, const Stream& stream)
{
    if (format == VideoFormat::vp8)
        return std::make_unique<Vp8Depacketiser>();
    if (format == VideoFormat::av1)
        return std::make_unique<Av1Depacketiser>();
    return std::make_unique<H264Depacketiser>(stream.parameters);
}

/// Refuses memory for pictures with a side that is too long; max_pixels alone would let 16384 x 1024 pass.
int bounded_buffer(AVCodecContext* context, AVFrame* frame, int flags)
{
    constexpr int kMaxSide = static_cast<int>(kMaxSidePx) + 64; // decoders round up to whole blocks and edges
    if (frame->width > kMaxSide || frame->height > kMaxSide)
        return AVERROR(EINVAL);
    return avcodec_default_get_buffer2(context, frame, flags);
}

} // namespace

VideoDecoder::VideoDecoder(VideoFormat format, const Stream& stream, FrameSink sink)
    : PictureDecoder(make_depacketiser(format, stream), sink),
      format_(format),
      marker_(borrowed_marker()),
      packet_(av_packet_alloc()),
      picture_(av_frame_alloc()),
      converted_(av_frame_alloc())
{
    if (!marker_ || !packet_ || !picture_ || !converted_)
        throw std::bad_alloc();
    open(format);
}

void VideoDecoder::open(VideoFormat format)
{
    const AVCodec* codec = avcodec_find_decoder_by_name(decoder_name(format));
    context_.reset(codec != nullptr ? avcodec_alloc_context3(codec) : nullptr);
    if (!context_)
        throw Failure(JF_UNSUPPORTED, "this libavcodec has no decoder for it");
    context_->thread_count = 1; // threads of libavcodec hold pictures back
    context_->thread_type = FF_THREAD_SLICE;
    context_->flags |= AV_CODEC_FLAG_LOW_DELAY;
    context_->max_pixels = std::int64_t{kMaxSidePx} * kMaxSidePx;
    context_->get_buffer2 = &bounded_buffer;
    const Bytes prologue = depacketiser().prologue();
    if (!prologue.empty()) {
        context_->extradata = static_cast<std::uint8_t*>(av_mallocz(prologue.size() + AV_INPUT_BUFFER_PADDING_SIZE));
        if (context_->extradata == nullptr)
            throw std::bad_alloc();
        std::copy(prologue.begin(), prologue.end(), context_->extradata);
        context_->extradata_size = static_cast<int>(prologue.size());
    }
    if (const int result = avcodec_open2(context_.get(), codec, nullptr); result < 0)
        throw Failure(JF_INTERNAL, std::string(codec->name) + " does not open: " + av_reason(result));
}

bool VideoDecoder::feed(ByteView picture) noexcept
{
    // dav1d keeps the parts of a frame that is not whole yet: libavcodec gives it a copy, as there is no owner.
    const bool lend = format_ != VideoFormat::av1;
    packet_->buf = lend ? av_buffer_ref(marker_.get()) : nullptr;
    packet_->data = const_cast<std::uint8_t*>(picture.data()); // only read
    packet_->size = static_cast<int>(picture.size());
    const int result =
        packet_->buf != nullptr || !lend ? avcodec_send_packet(context_.get(), packet_.get()) : AVERROR(ENOMEM);
    av_packet_unref(packet_.get());
    return result >= 0;
}

bool VideoDecoder::show(ByteView encoded, std::int64_t time_ns) noexcept
{
    bool sound = feed(encoded);
    while (sound && avcodec_receive_frame(context_.get(), picture_.get()) >= 0) {
        const AVFrame* picture = as_i420();
        sound =
            picture != nullptr && picture_->decode_error_flags == 0 && (picture_->flags & AV_FRAME_FLAG_CORRUPT) == 0;
        if (sound) {
            jf_frame frame{};
            frame.struct_size = sizeof(frame);
            frame.kind = JF_VIDEO;
            frame.time_ns = time_ns;
            frame.width_px = static_cast<std::uint32_t>(picture->width);
            frame.height_px = static_cast<std::uint32_t>(picture->height);
            for (std::size_t i = 0; i < 3; ++i) {
                frame.planes[i] = picture->data[i];
                frame.strides_bytes[i] = static_cast<std::uint32_t>(picture->linesize[i]);
            }
            sink_.frame(frame);
        }
        av_frame_unref(picture_.get());
    }
    if (!sound && format_ == VideoFormat::av1)
        avcodec_flush_buffers(context_.get()); // what dav1d kept of it must not meet the next
    return sound;
}

/// The picture as the boundary wants it: nearly always as it is; full range, 4:4:4 and 10 bits are converted.
const AVFrame* VideoDecoder::as_i420() noexcept
{
    const auto format = static_cast<AVPixelFormat>(picture_->format);
    const int width = picture_->width;
    const int height = picture_->height;
    if (width > static_cast<int>(kMaxSidePx) || height > static_cast<int>(kMaxSidePx))
        return nullptr;
    if (format == AV_PIX_FMT_YUV420P)
        return picture_.get();
    converter_.reset(sws_getCachedContext(converter_.release(), width, height, format, width, height,
                                          AV_PIX_FMT_YUV420P, SWS_POINT, nullptr, nullptr, nullptr));
    if (!converter_)
        return nullptr;
    if (converted_->width != width || converted_->height != height) {
        av_frame_unref(converted_.get());
        converted_->format = AV_PIX_FMT_YUV420P;
        converted_->width = width;
        converted_->height = height;
        if (av_frame_get_buffer(converted_.get(), 0) < 0)
            return nullptr;
    }
    sws_scale(converter_.get(), picture_->data, picture_->linesize, 0, height, converted_->data, converted_->linesize);
    return converted_.get();
}

} // namespace jackfield::codec
