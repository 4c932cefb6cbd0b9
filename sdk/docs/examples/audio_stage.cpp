// A stage that makes our sound softer; see sdk/docs/interfaces/audio_stage.md.
#include <jackfield/audio_stage.hpp>

namespace {

// [example]
class Softer final : public jackfield::AudioStageSession {
public:
    jackfield::Status process(const jf_frame& frame, float* samples) noexcept override // [media]
    {
        if (frame.kind != JF_AUDIO)
            return JF_BAD_INPUT; // and the samples are as they were
        const std::size_t count = std::size_t{frame.samples_per_channel} * frame.channels;
        for (std::size_t i = 0; i < count; ++i)
            samples[i] *= 0.5F;
        return JF_OK;
    }
    void played(const jf_frame&) noexcept override {} // what the peer says; on another thread
};
// [end]

} // namespace
