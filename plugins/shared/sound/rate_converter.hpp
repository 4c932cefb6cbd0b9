// Sound from one sample rate to another, whose ratio may change a little while it runs: libspeexdsp.
//
// Threads: one at a time. Lifetime: all memory is taken when it is made.
#pragma once

#include <speex/speex_resampler.h>

#include <cstdint>
#include <memory>
#include <span>

namespace jackfield::sound {

class RateConverter {
public:
    /// Throws Failure for rates that are none.
    RateConverter(std::uint32_t channels, std::uint32_t from_hz, std::uint32_t to_hz);

    /// What comes in counts for so many millionths more than it is: more of it is used up for the same length.
    void speed_up(std::int32_t ppm);

    struct Progress {
        std::size_t taken; ///< samples of each channel
        std::size_t made;
    };
    Progress convert(std::span<const float> in, std::span<float> out);

    /// What has come in and not yet gone out, as time.
    std::int64_t held_ns() const;

    /// Forgets what it holds of the sound before.
    void reset();

private:
    struct Destroy {
        void operator()(SpeexResamplerState* state) const { speex_resampler_destroy(state); }
    };

    void set(std::int32_t step);

    std::uint32_t channels_;
    std::uint32_t from_hz_;
    std::uint32_t to_hz_;
    bool fresh_ = true;     // nothing has come in
    std::int32_t step_ = 0; // of kStepPpm each
    std::unique_ptr<SpeexResamplerState, Destroy> state_;
};

} // namespace jackfield::sound
