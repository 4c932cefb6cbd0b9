// The two encoders of a recording: frames of the call in, packets of the file out.
//
// Threads: the recorder's worker.
#pragma once

#include "av.hpp"

#include <jackfield/abi/frame.h>

#include <vector>

namespace media_ffmpeg {

/// Which encoders a file takes, by its name's end.
enum class FileKind { mkv, webm };

class AudioStream {
public:
    AudioStream(AVFormatContext& file, FileKind kind);

    /// `at_ns` counts from the beginning of the recording. Gaps become silence.
    void write(const jf_frame& frame, std::int64_t at_ns);
    void flush();

private:
    void adapt(const jf_frame& frame);
    void add_silence(std::int64_t samples);
    void encode_full_frames(bool all);

    AVFormatContext& file_;
    AVStream* stream_; // the file's
    CodecContext encoder_;
    Resampler resampler_;
    std::uint32_t rate_hz_ = 0;
    std::uint32_t channels_ = 0;
    std::vector<float> waiting_; // interleaved, not encoded yet
    std::int64_t position_ = 0;  // samples encoded or waiting
    std::int64_t encoded_ = 0;
};

class VideoStream {
public:
    VideoStream(AVFormatContext& file, FileKind kind, int width_px, int height_px);

    /// Scaled to the size the recording began with.
    void write(const jf_frame& frame, std::int64_t at_ns);
    void flush();

private:
    AVFormatContext& file_;
    AVStream* stream_; // the file's
    CodecContext encoder_;
    Scaler scaler_;
    Frame scaled_ = make_frame();
    std::int64_t last_pts_ = -1;
};

} // namespace media_ffmpeg
