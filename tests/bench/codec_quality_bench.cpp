// How good every codec of every codec plugin is at one bit rate: a film at 500 kbit/s, speech at 64 kbit/s.
//
// One iteration sends the whole clip through encoder and decoder. kbit_s is what the payloads came to. Pictures:
// psnr_db of luma, over all pictures. Sound: snr_db after the codec's own delay is taken away, which a codec that
// models hearing does not aim at, and spectrum_db, how far the spectra of 20 ms are apart (log-spectral distance: the
// less the better). Film and speech are files of Debian's packages, decoded and scaled by the ffmpeg program.
//
// Threads: one. Lifetime: a plugin instance per benchmark.
// links: jackfield_sdk_testing nlohmann_json::nlohmann_json GTest::gtest dl
// plugins: codec-ffmpeg codec-g711 codec-opus codec-vpx
#include "tests/plugins/codec/all_codecs.hpp"
#include "tests/plugins/codec/codec_fixture.hpp"

#include <benchmark/benchmark.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdio>
#include <memory>
#include <numbers>
#include <span>
#include <string>
#include <vector>

namespace {

using namespace jackfield::codec::testing;
using Json = nlohmann::json;

constexpr const char* kFilm = "/usr/lib/python3/dist-packages/imageio/resources/images/cockatoo.mp4";
constexpr const char* kSpeech =
    "/usr/share/pocketsphinx/test/data/librivox/sense_and_sensibility_01_austen_64kb-0880.wav";
constexpr std::uint32_t kFilmBps = 500'000;
constexpr std::uint32_t kSpeechBps = 64'000;
constexpr std::uint32_t kWidth_px = 640;
constexpr std::uint32_t kHeight_px = 360;
constexpr double kFilmSeconds = 5;
constexpr int kFilmRate = 30;

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

/// The pictures one after the other, I420 without gaps.
const std::vector<std::uint8_t>& film()
{
    static const auto pictures = decoded_by_ffmpeg<std::uint8_t>(
        std::string("-i ") + kFilm + " -t " + std::to_string(kFilmSeconds) + " -vf scale=" + std::to_string(kWidth_px) +
        ":" + std::to_string(kHeight_px) + ",fps=" + std::to_string(kFilmRate) + " -f rawvideo -pix_fmt yuv420p");
    return pictures;
}

std::vector<float> speech(std::uint32_t rate_hz)
{
    return decoded_by_ffmpeg<float>(std::string("-i ") + kSpeech + " -ac 1 -ar " + std::to_string(rate_hz) +
                                    " -f f32le");
}

std::size_t bytes_of(const std::vector<Sent>& payloads)
{
    std::size_t bytes = 0;
    for (const auto& sent : payloads)
        bytes += sent.bytes.size();
    return bytes;
}

double kbit_s(std::size_t bytes, double seconds)
{
    return static_cast<double>(bytes) * 8 / 1000 / seconds;
}

// Pictures

jf_frame picture(std::size_t number)
{
    constexpr std::size_t kLuma = std::size_t{kWidth_px} * kHeight_px;
    const std::uint8_t* const at = film().data() + number * kLuma * 3 / 2;
    jf_frame out{};
    out.struct_size = sizeof(out);
    out.kind = JF_VIDEO;
    out.time_ns = video_time(static_cast<int>(number));
    out.width_px = kWidth_px;
    out.height_px = kHeight_px;
    out.planes[0] = at;
    out.planes[1] = at + kLuma;
    out.planes[2] = at + kLuma * 5 / 4;
    out.strides_bytes[0] = kWidth_px;
    out.strides_bytes[1] = out.strides_bytes[2] = kWidth_px / 2;
    return out;
}

void pictures(benchmark::State& state, const std::string& id, const Json& entry)
{
    const CodecPlugin plugin(id, options_for_all(id).dump());
    const std::size_t count = film().size() / (std::size_t{kWidth_px} * kHeight_px * 3 / 2);
    double squares = 0;
    std::size_t bytes = 0;
    std::size_t shown = 0;
    for (auto _ : state) {
        EncoderUnderTest encoder(plugin, entry.dump());
        DecoderUnderTest decoder(plugin, entry.dump());
        squares = 0;
        bytes = shown = 0;
        for (std::size_t number = 0; number < count; ++number) {
            const jf_frame given = picture(number);
            encoder.encode(given);
            const auto payloads = encoder.take_sent();
            bytes += bytes_of(payloads);
            decoder.decode(payloads);
            if (decoder.got.empty())
                continue;
            const auto& luma = decoder.got.back().planes[0];
            for (std::size_t i = 0; i < luma.size(); ++i)
                squares += std::pow(static_cast<double>(luma[i]) - given.planes[0][i], 2);
            ++shown;
            decoder.got.clear();
        }
    }
    const double values = static_cast<double>(shown) * kWidth_px * kHeight_px;
    state.counters["psnr_db"] = 10 * std::log10(255.0 * 255.0 * values / squares);
    state.counters["kbit_s"] = kbit_s(bytes, static_cast<double>(count) / kFilmRate);
    state.counters["left_out"] = static_cast<double>(count - shown);
}

// Sound

double energy(std::span<const float> samples)
{
    double sum = 0;
    for (const float sample : samples)
        sum += static_cast<double>(sample) * sample;
    return sum;
}

/// By how many samples `heard` comes after `said`: where the two are most alike, up to 100 ms.
std::size_t delay_samples(std::span<const float> said, std::span<const float> heard, std::uint32_t rate_hz)
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
std::vector<double> spectrum_db(std::span<const float> samples)
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

/// The root mean square distance of the spectra, on average over all 20 ms in which somebody speaks.
double spectral_distance_db(std::span<const float> said, std::span<const float> heard, std::uint32_t rate_hz)
{
    const std::size_t frame = rate_hz / 50;
    double sum = 0;
    std::size_t frames = 0;
    for (std::size_t at = 0; at + frame <= said.size(); at += frame) {
        if (energy(said.subspan(at, frame)) / static_cast<double>(frame) < 1e-5) // a pause
            continue;
        const auto a = spectrum_db(said.subspan(at, frame));
        const auto b = spectrum_db(heard.subspan(at, frame));
        double squares = 0;
        for (std::size_t i = 0; i < a.size(); ++i)
            squares += (a[i] - b[i]) * (a[i] - b[i]);
        sum += std::sqrt(squares / static_cast<double>(a.size()));
        ++frames;
    }
    return sum / static_cast<double>(frames);
}

void sound(benchmark::State& state, const std::string& id, const Json& entry)
{
    const CodecPlugin plugin(id, options_for_all(id).dump());
    const std::uint32_t rate_hz = entry["sample_rate_hz"];
    const std::size_t packet = rate_hz / 50;
    const auto said = speech(rate_hz);
    std::vector<float> heard;
    std::size_t bytes = 0;
    for (auto _ : state) {
        EncoderUnderTest encoder(plugin, entry.dump());
        DecoderUnderTest decoder(plugin, entry.dump());
        bytes = 0;
        for (std::size_t at = 0; at + packet <= said.size(); at += packet) {
            jf_frame frame{};
            frame.struct_size = sizeof(frame);
            frame.kind = JF_AUDIO;
            frame.time_ns = kStartNs + static_cast<std::int64_t>(at) * 1'000'000'000 / rate_hz;
            frame.samples = said.data() + at;
            frame.sample_rate_hz = rate_hz;
            frame.channels = 1;
            frame.samples_per_channel = static_cast<std::uint32_t>(packet);
            encoder.encode(frame);
            const auto payloads = encoder.take_sent();
            bytes += bytes_of(payloads);
            decoder.decode(payloads);
        }
        heard = channel_of(decoder.got, 0);
    }
    const std::size_t delay = delay_samples(said, heard, rate_hz);
    const std::size_t length = std::min(said.size(), heard.size() - delay);
    const std::span<const float> told(said.data(), length);
    const std::span<const float> came(heard.data() + delay, length);
    std::vector<float> wrong(length);
    std::ranges::transform(told, came, wrong.begin(), std::minus<>());
    state.counters["snr_db"] = 10 * std::log10(energy(told) / energy(wrong));
    state.counters["spectrum_db"] = spectral_distance_db(told, came, rate_hz);
    state.counters["kbit_s"] = kbit_s(bytes, static_cast<double>(said.size()) / rate_hz);
    state.counters["delay_ms"] = static_cast<double>(delay) * 1000 / rate_hz;
}

const bool registered = [] {
    for (const auto& id : codec_plugins()) {
        const CodecPlugin plugin(id, options_for_all(id).dump());
        const auto capabilities = Json::parse(plugin.capabilities());
        for (Json entry : capabilities["codecs"]) {
            const std::string name = id + "/" + entry["name"].get<std::string>();
            const bool audio = entry["kind"] == "audio";
            entry.erase("default_bitrate_bps");
            entry["bitrate_bps"] = audio ? kSpeechBps : kFilmBps;
            if (!audio)
                entry.update({{"width_px", kWidth_px}, {"height_px", kHeight_px}, {"frame_rate", kFilmRate}});
            benchmark::RegisterBenchmark(name.c_str(), audio ? sound : pictures, id, entry)
                ->Iterations(1)
                ->Unit(benchmark::kMillisecond);
        }
    }
    return true;
}();

} // namespace
