// VP8 and H.264 payloads to pictures, through libavcodec. After a loss nothing is shown until a key frame.
//
// Threads: one media thread. Lifetime: opened when made, released by the kernel.
#pragma once

#include "av.hpp"
#include "codec_config.hpp"
#include "payload_format.hpp"
#include "video_encoder.hpp"

#include <memory>

namespace jackfield::codec {

class VideoDecoder final : public Decoder {
public:
    /// Throws Failure.
    VideoDecoder(VideoFormat format, const Stream& stream, FrameSink sink);

    Status decode(const jf_payload& payload) noexcept override;

private:
    void open(VideoFormat format);
    void note_loss(std::uint32_t timestamp) noexcept;
    Status finish_picture(std::int64_t time_ns) noexcept;
    bool feed(ByteView picture) noexcept;
    bool show(std::int64_t time_ns) noexcept;
    const AVFrame* as_i420() noexcept;

    FrameSink sink_;
    std::unique_ptr<Depacketiser> depacketiser_;
    PartialPicture partial_;
    Av<AVCodecContext> context_;
    Av<AVBufferRef> marker_;
    Av<AVPacket> packet_;
    Av<AVFrame> picture_;
    Av<AVFrame> converted_;
    Av<SwsContext> converter_;
    std::uint32_t timestamp_ = 0; // of the picture that is growing, or being skipped
    std::int64_t picture_time_ns_ = 0;
    bool started_ = false;
    bool skipping_ = false; // the rest of this picture is of no use
    bool key_needed_ = true;
};

} // namespace jackfield::codec
