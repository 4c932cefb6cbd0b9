// VP8, H.264 and AV1 payloads to pictures, through libavcodec. After a loss nothing is shown until a key frame.
//
// Threads: one media thread. Lifetime: opened when made, released by the kernel.
#pragma once

#include "av.hpp"
#include "options.hpp"

#include <shared/codec/picture_decoder.hpp>
#include <shared/codec/stream.hpp>

namespace jackfield::codec {

class VideoDecoder final : public PictureDecoder {
public:
    /// Throws Failure.
    VideoDecoder(VideoFormat format, const Stream& stream, FrameSink sink);

private:
    void open(VideoFormat format);
    bool show(ByteView encoded, std::int64_t time_ns) noexcept override;
    bool feed(ByteView picture) noexcept;
    const AVFrame* as_i420() noexcept;

    VideoFormat format_;
    Av<AVCodecContext> context_;
    Av<AVBufferRef> marker_;
    Av<AVPacket> packet_;
    Av<AVFrame> picture_;
    Av<AVFrame> converted_;
    Av<SwsContext> converter_;
};

} // namespace jackfield::codec
