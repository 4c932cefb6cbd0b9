// Reads the frames of one kind out of a media file, in the format that was asked for.
//
// Threads:  one thread at a time; the stop flag may be set on any.
#pragma once

#include "filter_graph.hpp"
#include "frame_reader.hpp"
#include "input.hpp"
#include "media_time.hpp"

#include <optional>

namespace media_ffmpeg {

class FileReader final : public FrameReader {
public:
    /// Opens the decoder. Throws Failure if the file has nothing of that kind, or no decoder is there for it.
    FileReader(std::unique_ptr<Input> input, std::uint32_t kind, StopFlag stop);

    void begin(const jf_source_format& format) override;
    bool next(AVFrame* frame, std::int64_t& time_ns, const Wanted& wanted) override;
    void rewind() override;

private:
    void open(std::unique_ptr<Input> input);
    void open_decoder();
    bool decode();
    void read_packet();
    bool place(const Wanted& wanted);
    void convert();
    GraphInput graph_input() const;
    std::string chain_for(const GraphInput& from) const;
    bool sound() const { return kind_ == JF_AUDIO; }

    std::unique_ptr<Input> input_;
    std::uint32_t kind_;
    StopFlag stop_;
    AVStream* stream_ = nullptr; // the demuxer's
    CodecContext decoder_;
    std::int64_t start_ns_ = 0; // where the file's own clock begins
    jf_source_format format_{};
    MediaTime time_;
    RateLimit rate_;
    std::optional<FilterGraph> graph_;
    GraphInput graph_takes_;
    Packet packet_ = make_packet();
    Frame decoded_ = make_frame();
    bool waiting_ = false; // decoded_ is of another form than the graph takes, which is being emptied
    bool read_all_ = false;
    bool decoded_all_ = false;
};

} // namespace media_ffmpeg
