// Speech to send, and how far what was heard is from what was said.
//
// Threads: any.
#pragma once

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdio>
#include <functional>
#include <memory>
#include <numbers>
#include <span>
#include <string>
#include <vector>

namespace jackfield::bench {

inline constexpr const char* kSpeech =
    "/usr/share/pocketsphinx/test/data/librivox/sense_and_sensibility_01_austen_64kb-0880.wav";

/// What the ffmpeg program writes with these arguments, as numbers of one type.
template <class Value>
std::vector<Value> decoded_by_ffmpeg(const std::string& arguments)
{
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(("ffmpeg -v error " + arguments + " -").c_str(), "r"),
                                                     &pclose);
    std::vector<Value> values;
    std::vector<Value> piece(65'536);
    for (std::size_t got = 0; (got = fread(piece.data(), sizeof(Value), piece.size(), pipe.get())) > 0;)
        values.insert(values.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(got));
    return values;
}

/// Seconds of a voice that reads, one channel.
inline std::vector<float> speech(std::uint32_t rate_hz)
{
    return decoded_by_ffmpeg<float>(std::string("-i ") + kSpeech + " -ac 1 -ar " + std::to_string(rate_hz) +
                                    " -f f32le");
}

inline double energy(std::span<const float> samples)
{
    double sum = 0;
    for (const float sample : samples)
        sum += static_cast<double>(sample) * sample;
    return sum;
}

/// By how many samples `heard` comes after `said`: where the two are most alike, up to 100 ms.
inline std::size_t delay_samples(std::span<const float> said, std::span<const float> heard, std::uint32_t rate_hz)
{
    double best = -1;
    std::size_t at = 0;
    const std::size_t most = rate_hz / 10;
    const std::size_t length = std::min({said.size(), heard.size() - most, std::size_t{rate_hz} * 3});
    for (std::size_t delay = 0; delay < most; ++delay) {
        double alike = 0;
        for (std::size_t i = 0; i < length; ++i)
            alike += static_cast<double>(said[i]) * heard[i + delay];
        if (alike > best) {
            best = alike;
            at = delay;
        }
    }
    return at;
}

/// Power of each 50 Hz up to 4 kHz, in dB, of 20 ms under a Hann window.
inline std::vector<double> spectrum_db(std::span<const float> samples)
{
    std::vector<double> out;
    const auto size = static_cast<double>(samples.size());
    for (int bin = 1; bin < 80; ++bin) {
        std::complex<double> sum;
        for (std::size_t i = 0; i < samples.size(); ++i) {
            const double turn = 2 * std::numbers::pi * static_cast<double>(i) / size;
            sum += samples[i] * (1 - std::cos(turn)) / size * std::polar(1.0, -turn * bin);
        }
        out.push_back(10 * std::log10(std::norm(sum) + 1e-9)); // nothing below -90 dB counts
    }
    return out;
}

/// The root mean square distance of the spectra, on average over all 20 ms in which somebody speaks, or those of them
/// that are wanted.
inline double spectral_distance_db(std::span<const float> said, std::span<const float> heard, std::uint32_t rate_hz,
                                   const std::function<bool(std::size_t)>& wanted = {})
{
    const std::size_t frame = rate_hz / 50;
    double sum = 0;
    std::size_t frames = 0;
    for (std::size_t at = 0; at + frame <= said.size(); at += frame) {
        if (energy(said.subspan(at, frame)) / static_cast<double>(frame) < 1e-5) // a pause
            continue;
        if (wanted && !wanted(at / frame))
            continue;
        const auto a = spectrum_db(said.subspan(at, frame));
        const auto b = spectrum_db(heard.subspan(at, frame));
        double squares = 0;
        for (std::size_t i = 0; i < a.size(); ++i)
            squares += (a[i] - b[i]) * (a[i] - b[i]);
        sum += std::sqrt(squares / static_cast<double>(a.size()));
        ++frames;
    }
    return frames == 0 ? 0 : sum / static_cast<double>(frames);
}

} // namespace jackfield::bench
