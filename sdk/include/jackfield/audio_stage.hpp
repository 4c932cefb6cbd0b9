// jackfield.audio_stage/1: derive from AudioStage and AudioStageSession.
//
// Threads: process and played run on two media threads, and neither block nor throw; everything else on control.
#pragma once

#include <jackfield/abi/audio_stage.h>
#include <jackfield/completion.hpp>

#include <memory>

namespace jackfield {

class AudioStageSession {
public:
    virtual ~AudioStageSession() = default;
    virtual Status process(const jf_frame& frame, float* samples) noexcept = 0; ///< [media]
    virtual void played(const jf_frame& frame) noexcept = 0;                    ///< [media]

    static const jf_audio_stage_session_methods kMethods;
};

inline constexpr jf_audio_stage_session_methods AudioStageSession::kMethods{
    sizeof(jf_audio_stage_session_methods), 0,
    [](void* self, const jf_frame* frame, float* samples) {
        return static_cast<AudioStageSession*>(self)->process(*frame, samples);
    },
    [](void* self, const jf_frame* frame) { static_cast<AudioStageSession*>(self)->played(*frame); },
    [](void* self) { delete static_cast<AudioStageSession*>(self); }};

class AudioStage : public Instance {
public:
    using Interface = AudioStage;
    static constexpr std::string_view kInterfaceId = JF_AUDIO_STAGE_INTERFACE;

    using Instance::Instance;

    virtual std::unique_ptr<AudioStageSession> open(std::string_view form_json) = 0;

    static const jf_audio_stage_methods kMethods;
};

inline constexpr jf_audio_stage_methods AudioStage::kMethods{
    sizeof(jf_audio_stage_methods), 0,
    [](void* self, jf_text form_json, jf_audio_stage_session* session, jf_error* error) {
        return guarded(error, [&] {
            *session = {&AudioStageSession::kMethods, static_cast<AudioStage*>(self)->open(view(form_json)).release()};
        });
    }};

} // namespace jackfield
