// The change that sdk/docs/FIRST_PLUGIN.md makes to what `jackfield new audio_stage` wrote: a voice like a robot's.
#include <jackfield/audio_stage.hpp>

#include <cmath>
#include <numbers>

namespace {

// [example]
/// The sound of one call, each sample times a tone of 60 Hz.
class Session final : public jackfield::AudioStageSession {
public:
    Session(float gain, std::uint32_t rate_hz, std::uint32_t channels)
        : gain_(gain),
          step_(2 * std::numbers::pi_v<float> * 60 / static_cast<float>(rate_hz)),
          rate_hz_(rate_hz),
          channels_(channels)
    {}

    jackfield::Status process(const jf_frame& frame, float* samples) noexcept override
    {
        if (frame.kind != JF_AUDIO || frame.sample_rate_hz != rate_hz_ || frame.channels != channels_)
            return JF_BAD_INPUT;
        for (std::uint32_t i = 0; i < frame.samples_per_channel; ++i) {
            const float tone = gain_ * std::sin(phase_);
            for (std::uint32_t channel = 0; channel < channels_; ++channel)
                samples[i * channels_ + channel] *= tone;
            phase_ = std::fmod(phase_ + step_, 2 * std::numbers::pi_v<float>);
        }
        return JF_OK;
    }

    void played(const jf_frame&) noexcept override {}

private:
    float gain_;
    float step_;
    std::uint32_t rate_hz_;
    std::uint32_t channels_;
    float phase_ = 0; // goes on from frame to frame: each call has a session of its own
};
// [end]

} // namespace
