// Makes the test tone. See tone.hpp.

#include "tone.hpp"

#include <jackfield/basic.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

namespace media_test {

namespace {

constexpr std::uint32_t kFrameMs = 20;
constexpr double kStrength = 0.5;

std::uint32_t within(const char* what, std::uint32_t asked, std::uint32_t otherwise, std::uint32_t least,
                     std::uint32_t most)
{
    if (asked == 0)
        return otherwise;
    if (asked < least || asked > most)
        throw jackfield::Failure(JF_BAD_INPUT, std::string("the test tone has ") + what + " from " +
                                                   std::to_string(least) + " to " + std::to_string(most) + ", not " +
                                                   std::to_string(asked));
    return asked;
}

} // namespace

Tone::Tone(std::uint32_t tone_hz, const jf_source_format& format)
    : tone_hz_(tone_hz),
      rate_hz_(within("sample rates", format.sample_rate_hz, kRateHz, 1000, 384'000)),
      channels_(within("channels", format.channels, kChannels, 1, 8)),
      samples_(std::size_t{std::max(1U, rate_hz_ * within("frames in ms", format.frame_ms, kFrameMs, 1, 200) / 1000)} *
               channels_)
{}

void Tone::skip_to(std::int64_t media_ns)
{
    const std::uint64_t frame = samples_.size() / channels_;
    at_ = static_cast<std::uint64_t>(media_ns / 1'000) * rate_hz_ / 1'000'000 / frame * frame;
}

jf_frame Tone::next()
{
    // A sample rate cannot carry a tone of half of it or more; silence is better than another tone.
    const double strength = tone_hz_ * 2 < rate_hz_ ? kStrength : 0;
    for (std::size_t i = 0; i < samples_.size(); ++at_, i += channels_) {
        const double turns = static_cast<double>(at_ * tone_hz_ % rate_hz_) / rate_hz_;
        std::fill_n(samples_.begin() + static_cast<std::ptrdiff_t>(i), channels_,
                    static_cast<float>(strength * std::sin(2 * std::numbers::pi * turns)));
    }
    jf_frame frame{};
    frame.struct_size = sizeof(frame);
    frame.kind = JF_AUDIO;
    frame.samples = samples_.data();
    frame.sample_rate_hz = rate_hz_;
    frame.channels = channels_;
    frame.samples_per_channel = static_cast<std::uint32_t>(samples_.size() / channels_);
    return frame;
}

} // namespace media_test
