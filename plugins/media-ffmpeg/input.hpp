// An opened media file: its bytes, its demuxer, and which streams of it we mean.
//
// Threads:  one thread at a time; the stop flag may be set on any. Opening and reading may hang in a slow disk.
// Lifetime: whoever holds it. While it is open, no recording can be written over the file.
#pragma once

#include "av.hpp"
#include "worker.hpp"

#include <jackfield/abi/media_source.h>

namespace media_ffmpeg {

class Input {
public:
    /// Reads what is inside. Throws Failure with place, problem and what would work.
    Input(const std::string& name, StopFlag stop);
    Input(const Input&) = delete;
    Input& operator=(const Input&) = delete;
    ~Input();

    /// From now on this flag ends reading. For whoever takes it over.
    void obey(StopFlag stop) { stop_ = std::move(stop); }

    const std::string& name() const { return name_; }
    AVFormatContext& demuxer() const { return *demuxer_; }

    /// The best stream of that kind; null if there is none.
    AVStream* stream(AVMediaType type) const;

    /// Where the clock of the file begins: the first of what we mean, in nanoseconds.
    std::int64_t start_ns() const;

    jf_source_info describe() const;

private:
    void open_file();
    void open_demuxer();

    std::string name_;
    StopFlag stop_;
    int fd_ = -1;
    IoContext io_;
    DemuxerContext demuxer_;
};

} // namespace media_ffmpeg
