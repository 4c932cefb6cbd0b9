// How much of some sound is a tone of a pitch, and how loud it is.
//
// Threads: plain functions, any thread.
#pragma once

#include <cmath>
#include <cstddef>
#include <numbers>
#include <span>
#include <vector>

namespace sound_test {

/// 1 if all of it is that tone, whatever its phase; 0 for silence. One channel.
inline double share_of_tone(std::span<const float> samples, double hertz, double rate_hz)
{
    double cosine = 0;
    double sine = 0;
    double power = 0;
    for (std::size_t i = 0; i < samples.size(); ++i) {
        const double angle = 2 * std::numbers::pi * hertz * static_cast<double>(i) / rate_hz;
        cosine += samples[i] * std::cos(angle);
        sine += samples[i] * std::sin(angle);
        power += double{samples[i]} * samples[i];
    }
    const double count = static_cast<double>(samples.size());
    return power == 0 ? 0 : 2 * (cosine * cosine + sine * sine) / count / power;
}

/// Root mean square.
inline double loudness(std::span<const float> samples)
{
    double power = 0;
    for (const float sample : samples)
        power += double{sample} * sample;
    return samples.empty() ? 0 : std::sqrt(power / static_cast<double>(samples.size()));
}

/// One channel of several.
inline std::vector<float> channel_of(std::span<const float> samples, std::size_t channel, std::size_t channels)
{
    std::vector<float> one;
    for (std::size_t i = channel; i < samples.size(); i += channels)
        one.push_back(samples[i]);
    return one;
}

} // namespace sound_test
