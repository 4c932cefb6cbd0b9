// What becomes of a file's sound and pictures on their way into a call, as chains of FFmpeg's filters.
//
// Threads: any; free functions.
#pragma once

#include "av.hpp"

#include <jackfield/abi/media_source.h>

namespace media_ffmpeg {

struct PictureSize {
    int width = 0;
    int height = 0;
};

/// How a picture lies in its file: turned clockwise by 0, 90, 180 or 270 degrees it is upright.
int turn_of(const AVStream& stream);

/// The size in which a picture is delivered: upright, with square pixels, even, no larger than asked for or 4096.
PictureSize shown_size(PictureSize coded, AVRational aspect, int turn, const jf_source_format& format);

/// `full_range`: black is 0 and not 16.
std::string video_chain(PictureSize shown, int turn, bool full_range);

/// What the source has stands where the format leaves it open.
std::string audio_chain(const jf_source_format& format, int rate_hz, int channels);

} // namespace media_ffmpeg
