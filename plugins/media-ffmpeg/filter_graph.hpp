// One chain of FFmpeg's filters with one end out: the test pictures and tone, and every conversion of format.
//
// Threads: one thread at a time.
#pragma once

#include "av.hpp"

namespace media_ffmpeg {

class FilterGraph {
public:
    /// A chain that makes frames by itself: "testsrc2=...,format=yuv420p".
    FilterGraph(const std::string& chain, bool video);

    /// A chain that frames of this decoder are pushed into.
    FilterGraph(const std::string& chain, const AVCodecContext& decoder, AVRational time_base);

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
