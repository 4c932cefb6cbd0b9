// Reads the frames of one kind out of a media file, or out of the test source, in the format that was asked for.
//
// Threads: one thread at a time; `stop` is read on it and may be set on any.
#pragma once

#include "av.hpp"
#include "filter_graph.hpp"

#include <jackfield/abi/media_source.h>

#include <atomic>
#include <optional>

namespace media_ffmpeg {

/// The name that stands for a moving picture and a tone.
inline constexpr std::string_view kTestName = "test";

/// What a file has. Throws Failure with place, problem and what would work.
jf_source_info look_into(const std::string& name);

class FileReader {
public:
    FileReader(const std::string& name, const jf_source_format& format, const std::atomic<bool>& stop);
    FileReader(const FileReader&) = delete;
    FileReader& operator=(const FileReader&) = delete;

    /// The next frame and when it is to be seen or heard, counted from the beginning of the file. False at its end.
    bool next(AVFrame* frame, std::int64_t& time_ns);

private:
    void open_file(const std::string& name, const std::string& chain, bool video);
    void feed();

    const std::atomic<bool>& stop_;
    InputContext input_;
    CodecContext decoder_;
    int stream_ = -1;
    std::int64_t start_ns_ = 0; // where the file's own clock begins
    std::optional<FilterGraph> graph_;
    Packet packet_ = make_packet();
    Frame decoded_ = make_frame();
    bool drained_ = false;
};

} // namespace media_ffmpeg
