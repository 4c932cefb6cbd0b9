// One chain of FFmpeg's filters with one end out: the test pictures and tone, and every conversion of format.
//
// Threads: one thread at a time.
#pragma once

#include "av.hpp"

namespace media_ffmpeg {

/// The form of the frames that a graph takes.
struct GraphInput {
    int format = -1; // AVPixelFormat or AVSampleFormat
    int width = 0;   // 0: sound
    int height = 0;
    AVRational aspect{0, 1};
    bool full_range = false;
    int sample_rate_hz = 0;
    int channels = 0;
    std::string layout;
    AVRational time_base{1, 1};

    bool operator==(const GraphInput& other) const
    {
        return format == other.format && width == other.width && height == other.height &&
               av_cmp_q(aspect, other.aspect) == 0 && full_range == other.full_range &&
               sample_rate_hz == other.sample_rate_hz && layout == other.layout;
    }
};

class FilterGraph {
public:
    /// A chain that makes frames by itself: "testsrc2=...,format=yuv420p".
    FilterGraph(const std::string& chain, bool video);

    /// A chain that frames of this form are pushed into.
    FilterGraph(const std::string& chain, const GraphInput& input);

    /// A null frame says that no more come. Throws Failure.
    void push(AVFrame* frame);

    /// False if there is nothing to take now; `ended` says whether there will be. Throws Failure.
    bool pull(AVFrame* frame);
    bool ended() const { return ended_; }

    AVRational time_base() const;

private:
    void finish(const std::string& chain, AVFilterContext* source, bool video);

    FilterGraphPtr graph_;
    AVFilterContext* source_ = nullptr; // the graph's
    AVFilterContext* sink_ = nullptr;   // the graph's
    bool ended_ = false;
};

} // namespace media_ffmpeg
