// The sound of one side: brought to the form of recordings, and to its place in time.
//
// Threads: the recorder's worker.
#pragma once

#include "av.hpp"

#include <jackfield/abi/frame.h>

#include <vector>

namespace media_ffmpeg {

class Voice {
public:
    static constexpr int kRateHz = 48'000;
    static constexpr int kChannels = 2;

    /// `at_ns` counts from the beginning of the recording. Gaps become silence; what comes twice is left out.
    void add(const jf_frame& frame, std::int64_t at_ns);

    /// Silence up to there: nothing came.
    void be_silent_until(std::int64_t position);

    /// What the resampler still holds; nothing is added afterwards.
    void end();

    /// How many samples there were, with those that wait.
    std::int64_t position() const { return position_; }

    const float* waiting() const { return waiting_.data(); } // interleaved
    std::size_t waiting_samples() const { return waiting_.size() / kChannels; }
    void forget(std::size_t samples);

private:
    void adapt(const jf_frame& frame);
    void resample(const jf_frame* frame);

    Resampler resampler_;
    std::uint32_t rate_hz_ = 0;
    std::uint32_t channels_ = 0;
    std::vector<float> waiting_;
    std::int64_t position_ = 0;
};

} // namespace media_ffmpeg
