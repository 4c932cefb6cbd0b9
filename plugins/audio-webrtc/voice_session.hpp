// One call's voice: what we say goes through WebRTC's audio processing, in pieces of 10 ms, one channel.
//
// What the peer says is given to it when it is played, and not when it arrives: then the echo comes a steady while
// later, whatever the jitter buffer does.
//
// Threads:  process on the thread of our sound, played on the thread of what arrives; the rest on control.
// Lifetime: the kernel's.
#pragma once

#include "options.hpp"
#include "played_sound.hpp"

#include <jackfield/audio_stage.hpp>

#include <memory>
#include <vector>

namespace webrtc {
class AudioProcessing;
}

namespace audio_webrtc {

class VoiceSession final : public jackfield::AudioStageSession {
public:
    /// Throws Failure if the library does not take it.
    VoiceSession(jackfield::Host host, const Options& options, Form form);
    VoiceSession(const VoiceSession&) = delete;
    VoiceSession& operator=(const VoiceSession&) = delete;
    ~VoiceSession() override;

    jackfield::Status process(const jf_frame& frame, float* samples) noexcept override;
    void played(const jf_frame& frame) noexcept override;

private:
    void work_on_piece(std::int64_t time_ns);
    void expect_long_echoes();
    void hear_what_is_played(std::int64_t until_ns);

    jackfield::Host host_;
    Options options_;
    Form form_;
    std::unique_ptr<webrtc::AudioProcessing> voice_;
    PlayedSound played_;

    // of process
    std::size_t piece_;     // samples of 10 ms
    std::vector<float> in_; // a piece that is being filled
    std::size_t filled_ = 0;
    std::vector<float> out_; // what is done and not yet taken: a ring
    std::size_t out_first_ = 0;
    std::size_t out_count_ = 0;
    std::vector<float> far_;
    std::int64_t far_end_ns_ = 0; // until then what is played has been heard
    std::uint64_t failures_ = 0;
    bool begun_ = false;
};

} // namespace audio_webrtc
