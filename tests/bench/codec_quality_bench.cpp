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
#include "tests/bench/sound_quality.hpp"
#include "tests/plugins/codec/all_codecs.hpp"
#include "tests/plugins/codec/codec_fixture.hpp"

#include <benchmark/benchmark.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <vector>

namespace {

using namespace jackfield::bench;
using namespace jackfield::codec::testing;
using Json = nlohmann::json;

constexpr const char* kFilm = "/usr/lib/python3/dist-packages/imageio/resources/images/cockatoo.mp4";
constexpr std::uint32_t kFilmBps = 500'000;
constexpr std::uint32_t kSpeechBps = 64'000;
constexpr std::uint32_t kWidth_px = 640;
constexpr std::uint32_t kHeight_px = 360;
constexpr double kFilmSeconds = 5;
constexpr int kFilmRate = 30;

/// The pictures one after the other, I420 without gaps.
const std::vector<std::uint8_t>& film()
{
    static const auto pictures = decoded_by_ffmpeg<std::uint8_t>(
        std::string("-i ") + kFilm + " -t " + std::to_string(kFilmSeconds) + " -vf scale=" + std::to_string(kWidth_px) +
        ":" + std::to_string(kHeight_px) + ",fps=" + std::to_string(kFilmRate) + " -f rawvideo -pix_fmt yuv420p");
    return pictures;
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
