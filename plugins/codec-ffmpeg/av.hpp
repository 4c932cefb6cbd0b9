// Owners for the objects of libavcodec, so that none is freed by hand.
//
// Threads: an object belongs to whoever holds it. Lifetime: freed with the pointer.
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/frame.h>
#include <libavutil/opt.h>
#include <libswscale/swscale.h>
}

#include <array>
#include <memory>
#include <string>

namespace jackfield::codec {

struct AvFree {
    void operator()(AVCodecContext* context) const { avcodec_free_context(&context); }
    void operator()(AVFrame* frame) const { av_frame_free(&frame); }
    void operator()(AVPacket* packet) const { av_packet_free(&packet); }
    void operator()(AVBufferRef* buffer) const { av_buffer_unref(&buffer); }
    void operator()(SwsContext* context) const { sws_freeContext(context); }
};

template <class T>
using Av = std::unique_ptr<T, AvFree>;

inline std::string av_reason(int code)
{
    std::array<char, AV_ERROR_MAX_STRING_SIZE> text{};
    av_strerror(code, text.data(), text.size());
    return text.data();
}

/// libavcodec copies what has no reference counter. Memory that is only borrowed gets this one, which owns nothing, so
/// that borrowed planes and packets pass without a copy; the encoders used here and the decoders of VP8 and H.264 are
/// done with their input when the call returns.
inline Av<AVBufferRef> borrowed_marker()
{
    static std::uint8_t nothing = 0;
    return Av<AVBufferRef>(
        av_buffer_create(&nothing, sizeof(nothing), [](void*, std::uint8_t*) {}, nullptr, AV_BUFFER_FLAG_READONLY));
}

} // namespace jackfield::codec
