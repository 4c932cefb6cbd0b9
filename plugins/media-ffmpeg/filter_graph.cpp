// One chain of FFmpeg's filters. See filter_graph.hpp.

#include "filter_graph.hpp"

extern "C" {
#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
}

namespace media_ffmpeg {

namespace {

struct FreeInOut {
    void operator()(AVFilterInOut* ends) const { avfilter_inout_free(&ends); }
};

AVFilterContext* add(AVFilterGraph& graph, const char* filter, const char* name, const char* arguments)
{
    AVFilterContext* made = nullptr;
    need(avfilter_graph_create_filter(&made, avfilter_get_by_name(filter), name, arguments, nullptr, &graph),
         std::string("filter ") + filter, JF_INTERNAL);
    return made;
}

std::string words(AVRational value)
{
    return std::to_string(value.num) + "/" + std::to_string(value.den);
}

std::string source_arguments(const GraphInput& input)
{
    const std::string base = "time_base=" + words(input.time_base);
    if (input.width > 0)
        return base + ":video_size=" + std::to_string(input.width) + "x" + std::to_string(input.height) +
               ":pix_fmt=" + std::to_string(input.format) +
               ":pixel_aspect=" + words(input.aspect.num > 0 ? input.aspect : AVRational{1, 1});
    return base + ":sample_rate=" + std::to_string(input.sample_rate_hz) +
           ":sample_fmt=" + std::to_string(input.format) + ":channel_layout=" + input.layout;
}

} // namespace

FilterGraph::FilterGraph(const std::string& chain, bool video) : graph_(avfilter_graph_alloc())
{
    finish(chain, nullptr, video);
}

FilterGraph::FilterGraph(const std::string& chain, const GraphInput& input) : graph_(avfilter_graph_alloc())
{
    const bool video = input.width > 0;
    source_ = add(*graph_, video ? "buffer" : "abuffer", "in", source_arguments(input).c_str());
    finish(chain, source_, video);
}

void FilterGraph::finish(const std::string& chain, AVFilterContext* source, bool video)
{
    sink_ = add(*graph_, video ? "buffersink" : "abuffersink", "out", nullptr);
    graph_->nb_threads = 1;
    // The names are those of libavfilter: "outputs" are the open ends that feed the chain, "inputs" those it feeds.
    std::unique_ptr<AVFilterInOut, FreeInOut> to_sink(avfilter_inout_alloc());
    to_sink->name = av_strdup("out");
    to_sink->filter_ctx = sink_;
    std::unique_ptr<AVFilterInOut, FreeInOut> from_source;
    if (source != nullptr) {
        from_source.reset(avfilter_inout_alloc());
        from_source->name = av_strdup("in");
        from_source->filter_ctx = source;
    }
    AVFilterInOut* inputs = to_sink.release();
    AVFilterInOut* outputs = from_source.release();
    const int parsed = avfilter_graph_parse_ptr(graph_.get(), chain.c_str(), &inputs, &outputs, nullptr);
    avfilter_inout_free(&inputs);
    avfilter_inout_free(&outputs);
    need(parsed, "filters \"" + chain + "\"", JF_INTERNAL);
    need(avfilter_graph_config(graph_.get(), nullptr), "filters \"" + chain + "\"", JF_INTERNAL);
}

void FilterGraph::push(AVFrame* frame)
{
    need(av_buffersrc_add_frame_flags(source_, frame, AV_BUFFERSRC_FLAG_KEEP_REF), "converting a frame");
}

bool FilterGraph::pull(AVFrame* frame)
{
    const int result = av_buffersink_get_frame(sink_, frame);
    if (result == AVERROR(EAGAIN))
        return false;
    if (result == AVERROR_EOF) {
        ended_ = true;
        return false;
    }
    need(result, "converting a frame");
    return true;
}

AVRational FilterGraph::time_base() const
{
    return av_buffersink_get_time_base(sink_);
}

} // namespace media_ffmpeg
