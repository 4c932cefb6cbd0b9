// FFmpeg's objects with owners, and its error numbers as sentences.
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavfilter/avfilter.h>
#include <libavformat/avformat.h>
#include <libswresample/swresample.h>
#include <libswscale/swscale.h>
}

#include <jackfield/basic.hpp>

#include <memory>
#include <string>

namespace media_ffmpeg {

template <auto function>
struct Free {
    template <typename T>
    void operator()(T* object) const
    {
        function(&object);
    }
};

struct FreeIo {
    void operator()(AVIOContext* io) const
    {
        av_freep(static_cast<void*>(&io->buffer));
        avio_context_free(&io);
    }
};

struct FreeSws {
    void operator()(SwsContext* context) const { sws_freeContext(context); }
};

using Frame = std::unique_ptr<AVFrame, Free<av_frame_free>>;
using Packet = std::unique_ptr<AVPacket, Free<av_packet_free>>;
using CodecContext = std::unique_ptr<AVCodecContext, Free<avcodec_free_context>>;
using DemuxerContext = std::unique_ptr<AVFormatContext, Free<avformat_close_input>>;
using FilterGraphPtr = std::unique_ptr<AVFilterGraph, Free<avfilter_graph_free>>;
using Resampler = std::unique_ptr<SwrContext, Free<swr_free>>;
using IoContext = std::unique_ptr<AVIOContext, FreeIo>;
using Scaler = std::unique_ptr<SwsContext, FreeSws>;

inline Frame make_frame()
{
    Frame frame(av_frame_alloc());
    if (!frame)
        throw std::bad_alloc();
    return frame;
}

inline Packet make_packet()
{
    Packet packet(av_packet_alloc());
    if (!packet)
        throw std::bad_alloc();
    return packet;
}

inline std::string words_of(int error)
{
    char text[AV_ERROR_MAX_STRING_SIZE] = {};
    av_strerror(error, text, sizeof(text));
    return text;
}

/// A file's name as errors show it; of a long one the end, so that there is room for what is wrong with it.
inline std::string in_quotes(const std::string& name)
{
    constexpr std::size_t kMost = 80;
    if (name.size() <= kMost)
        return "\"" + name + "\"";
    std::size_t from = name.size() - kMost;
    while (from < name.size() && (static_cast<unsigned char>(name[from]) & 0xC0U) == 0x80U)
        ++from;
    return "\"..." + name.substr(from) + "\"";
}

/// Throws Failure if the result is an error; `what` begins the sentence.
inline int need(int result, const std::string& what, jackfield::Status status = JF_BAD_INPUT)
{
    if (result < 0)
        throw jackfield::Failure(status, what + ": " + words_of(result));
    return result;
}

inline constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;

inline std::int64_t to_ns(std::int64_t value, AVRational base)
{
    return av_rescale_q(value, base, {1, static_cast<int>(kNanosecondsPerSecond)});
}

} // namespace media_ffmpeg
