// The two encoders of a recording: frames of the call in, packets of the file out.
//
// Threads: the recorder's worker.
#pragma once

#include "av.hpp"
#include "conversion.hpp"
#include "options.hpp"

#include <jackfield/abi/frame.h>

#include <vector>

namespace media_ffmpeg {

/// Which encoders a file takes, by its name's end.
enum class FileKind { mkv, webm };

class AudioStream {
public:
    AudioStream(AVFormatContext& file, FileKind kind, const RecordOptions& options);

    /// `at_ns` counts from the beginning of the recording. Gaps become silence; what comes twice is left out.
    void write(const jf_frame& frame, std::int64_t at_ns);
    void flush();

private:
    void adapt(const jf_frame& frame);
    void add_silence(std::int64_t samples);
    void resample(const jf_frame* frame);
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

/// The size of a frame once it is turned as it says.
PictureSize upright_size(const jf_frame& frame);

class VideoStream {
public:
    VideoStream(AVFormatContext& file, FileKind kind, const RecordOptions& options, PictureSize size);

    /// Upright, and fitted into the size the recording began with; what is left of that is black.
    void write(const jf_frame& frame, std::int64_t at_ns);
    void flush();

private:
    void turn(const jf_frame& frame);
    void fit(PictureSize from);

    AVFormatContext& file_;
    AVStream* stream_; // the file's
    CodecContext encoder_;
    Scaler scaler_;
    Frame picture_ = make_frame();        // as large as the recording
    PictureSize fitted_;                  // the size of the frame that lies in the middle of picture_
    std::vector<std::uint8_t> turned_[3]; // planes of a frame that had to be turned
    const std::uint8_t* planes_[3] = {};  // of the upright frame
    int strides_[3] = {};
    std::int64_t last_pts_ = -1;
};

} // namespace media_ffmpeg
