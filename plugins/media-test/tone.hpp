// The test tone: a sine at half of full scale, the same in every channel.
//
// Threads: one thread at a time. Lifetime: all memory is taken when it is made.
#pragma once

#include <jackfield/abi/media_source.h>

#include <cstdint>
#include <vector>

namespace media_test {

class Tone {
public:
    /// Zeros in the format leave it to us: 48 kHz, one channel, 20 ms. Throws Failure for what nobody plays.
    Tone(std::uint32_t tone_hz, const jf_source_format& format);

    /// The next frame. What it points to is valid until the next call.
    jf_frame next();

    /// When the next frame is to be heard, counted from the beginning.
    std::int64_t media_ns() const { return static_cast<std::int64_t>(at_) * 1'000'000'000 / rate_hz_; }

    /// Begins with the frame that is heard at that time. Before the first.
    void skip_to(std::int64_t media_ns);

    static constexpr std::uint32_t kRateHz = 48'000;
    static constexpr std::uint32_t kChannels = 1;

private:
    std::uint32_t tone_hz_;
    std::uint32_t rate_hz_;
    std::uint32_t channels_;
    std::vector<float> samples_;
    std::uint64_t at_ = 0; // samples of one channel so far
};

} // namespace media_test
