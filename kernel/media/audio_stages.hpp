// What our sound goes through between source and encoder: the stages of the configuration, in their order.
//
// Threads:  made and destroyed on control; process on the source's thread, played on the thread of what arrives.
// Lifetime: the call's media and its streams share it.

#pragma once

#include "kernel/bind/board.hpp"

#include <cstdint>
#include <vector>

namespace jackfield::kernel {

class AudioStages {
public:
    /// Opens all of them for sound of that form. Throws Failure.
    AudioStages(const Board& board, std::uint32_t sample_rate_hz, std::uint32_t channels);
    AudioStages(const AudioStages&) = delete;
    AudioStages& operator=(const AudioStages&) = delete;
    ~AudioStages();

    /// The frame as it comes out at the end; valid until the next call. [media]
    const jf_frame& process(const jf_frame& frame);

    /// A frame of the peer, on its way to be played. [media]
    void played(const jf_frame& frame);

private:
    void close();

    std::vector<jf_audio_stage_session> sessions_;
    std::vector<float> samples_; // as many as the longest frame had
    jf_frame frame_{};
};

} // namespace jackfield::kernel
