// One track of a recording: its encoder, and its place in the file.
//
// Threads: the recorder's worker. Lifetime: the recording's; the file outlives it.
#pragma once

#include "av.hpp"

#include <initializer_list>

namespace media_ffmpeg {

/// Which encoders a file takes, by its name's end.
enum class FileKind { mkv, webm };

/// What players show of a track, and whether they begin with it.
struct TrackName {
    const char* title = nullptr; // none: the only one of its kind
    bool first = true;
};

class Track {
public:
    /// The first of these encoders that FFmpeg has. It is set up before open.
    Track(AVFormatContext& file, std::initializer_list<const char*> encoders);

    AVCodecContext& encoder() { return *encoder_; }

    void open(const TrackName& name);

    /// Encodes one frame (null: the rest) and writes what comes of it.
    void encode(const AVFrame* frame);

private:
    AVFormatContext& file_;
    const AVCodec& codec_;
    CodecContext encoder_;
    AVStream* stream_ = nullptr; // the file's
};

} // namespace media_ffmpeg
