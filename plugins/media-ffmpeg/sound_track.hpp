// A sound track of a recording: one voice, or both of a call mixed in time.
//
// Threads: the recorder's worker.
#pragma once

#include "limiter.hpp"
#include "options.hpp"
#include "track.hpp"
#include "voice.hpp"

#include <vector>

namespace media_ffmpeg {

class SoundTrack {
public:
    /// `both`: of both sides, by Side; otherwise of one, whichever that is.
    SoundTrack(AVFormatContext& file, FileKind kind, const RecordOptions& options, bool both, const TrackName& name);

    /// `at_ns` counts from the beginning of the recording.
    void write(const jf_frame& frame, Side side, std::int64_t at_ns);
    void flush();

private:
    void wait_no_longer();
    void mix(std::size_t samples);
    void encode_full_frames(bool all);

    Track track_;
    std::vector<Voice> voices_; // by Side, or one
    Limiter limiter_;
    std::vector<float> sum_;   // of both voices, as it comes
    std::vector<float> mixed_; // interleaved, not encoded yet
    std::int64_t encoded_ = 0; // samples
};

} // namespace media_ffmpeg
