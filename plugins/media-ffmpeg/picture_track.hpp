// A track of pictures of a recording.
//
// Threads: the recorder's worker.
#pragma once

#include "conversion.hpp"
#include "options.hpp"
#include "track.hpp"

#include <jackfield/abi/frame.h>

#include <vector>

namespace media_ffmpeg {

/// The size of a frame once it is turned as it says.
PictureSize upright_size(const jf_frame& frame);

class PictureTrack {
public:
    PictureTrack(AVFormatContext& file, FileKind kind, const RecordOptions& options, PictureSize size,
                 const TrackName& name);

    /// Upright, and fitted into the size the recording began with; what is left of that is black.
    void write(const jf_frame& frame, std::int64_t at_ns);
    void flush();

private:
    void turn(const jf_frame& frame);
    void fit(PictureSize from);

    Track track_;
    Scaler scaler_;
    Frame picture_ = make_frame();        // as large as the recording
    PictureSize fitted_;                  // the size of the frame that lies in the middle of picture_
    std::vector<std::uint8_t> turned_[3]; // planes of a frame that had to be turned
    const std::uint8_t* planes_[3] = {};  // of the upright frame
    int strides_[3] = {};
    std::int64_t last_pts_ = -1;
};

} // namespace media_ffmpeg
