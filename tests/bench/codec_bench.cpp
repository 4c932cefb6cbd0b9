// What one frame costs in codec-ffmpeg, payload format included: time per frame is the time per iteration.
//
// Threads: one. Lifetime: an encoder or decoder per benchmark.
// links: codec_ffmpeg_parts
#include "plugins/codec-ffmpeg/g711.hpp"
#include "plugins/codec-ffmpeg/opus.hpp"
#include "plugins/codec-ffmpeg/video_decoder.hpp"
#include "plugins/codec-ffmpeg/video_encoder.hpp"

#include <benchmark/benchmark.h>

#include <cmath>
#include <memory>
#include <vector>

namespace {

using namespace jackfield;
using namespace jackfield::codec;

constexpr int kPictures = 30; // one second, and then the same again backwards
constexpr std::int64_t kPictureNs = 33'333'333;

using Payloads = std::vector<std::pair<jf_payload, Bytes>>;

PayloadSink collect(Payloads& into)
{
    return PayloadSink({&into, [](void* self, const jf_payload* payload) {
                            const auto bytes = view(payload->bytes);
                            static_cast<Payloads*>(self)->emplace_back(*payload, Bytes(bytes.begin(), bytes.end()));
                        }});
}

PayloadSink ignore_payloads()
{
    return PayloadSink(
        {nullptr, [](void*, const jf_payload* payload) { benchmark::DoNotOptimize(payload->bytes.data); }});
}

FrameSink ignore_frames()
{
    return FrameSink({nullptr, [](void*, const jf_frame* frame) { benchmark::DoNotOptimize(frame->time_ns); }});
}

/// A second of something that moves: waves, and a box with grain.
class Film {
public:
    Film(std::uint32_t width, std::uint32_t height) : width_(width), height_(height), chroma_(width * height / 4, 120)
    {
        unsigned grain = 1;
        for (int number = 0; number < kPictures; ++number) {
            Bytes luma(std::size_t{width} * height);
            for (std::uint32_t y = 0; y < height; ++y) {
                for (std::uint32_t x = 0; x < width; ++x) {
                    const double wave = 50 * std::sin((x + 3.0 * number) / 23) * std::cos((y + number) / 31.0);
                    grain = grain * 1664525 + 1013904223;
                    luma[std::size_t{y} * width + x] = static_cast<std::uint8_t>(118 + wave + (grain >> 29));
                }
            }
            pictures_.push_back(std::move(luma));
        }
    }

    jf_frame frame(std::int64_t number) const
    {
        const auto step = static_cast<int>(number % (2 * kPictures));
        jf_frame out{};
        out.struct_size = sizeof(out);
        out.kind = JF_VIDEO;
        out.time_ns = number * kPictureNs;
        out.width_px = width_;
        out.height_px = height_;
        const auto& luma = pictures_[static_cast<std::size_t>(step < kPictures ? step : 2 * kPictures - 1 - step)];
        out.planes[0] = luma.data();
        out.planes[1] = out.planes[2] = chroma_.data();
        out.strides_bytes[0] = width_;
        out.strides_bytes[1] = out.strides_bytes[2] = width_ / 2;
        return out;
    }

private:
    std::uint32_t width_;
    std::uint32_t height_;
    std::vector<Bytes> pictures_;
    Bytes chroma_;
};

Stream video_stream(std::uint32_t width, std::uint32_t height)
{
    Stream stream;
    stream.parameters = "packetization-mode=1";
    stream.width_px = width;
    stream.height_px = height;
    return stream;
}

void encode_video(benchmark::State& state, VideoFormat format, std::uint32_t width, std::uint32_t height)
{
    const Film film(width, height);
    VideoEncoder encoder(format, Options{}, video_stream(width, height), ignore_payloads());
    std::int64_t number = 0;
    for (auto _ : state)
        encoder.encode(film.frame(number++));
}

void decode_video(benchmark::State& state, VideoFormat format, std::uint32_t width, std::uint32_t height)
{
    const Film film(width, height);
    std::vector<Payloads> pictures(2 * kPictures);
    Payloads all;
    VideoEncoder encoder(format, Options{}, video_stream(width, height), collect(all));
    for (std::int64_t number = 0; number < 2 * kPictures; ++number) {
        all.clear();
        encoder.encode(film.frame(number));
        pictures[static_cast<std::size_t>(number)] = all;
    }
    VideoDecoder decoder(format, video_stream(width, height), ignore_frames());
    std::size_t next = 0;
    for (auto _ : state) {
        for (auto& [payload, bytes] : pictures[next]) {
            payload.bytes = to_bytes(bytes);
            decoder.decode(payload);
        }
        next = (next + 1) % pictures.size(); // picture 0 is a key frame
    }
}

/// 20 ms of a tone.
struct Sound {
    explicit Sound(std::uint32_t rate) : samples(rate / 50)
    {
        for (std::size_t i = 0; i < samples.size(); ++i)
            samples[i] = 0.3F * static_cast<float>(std::sin(2765.0 * static_cast<double>(i) / rate));
        frame.struct_size = sizeof(frame);
        frame.kind = JF_AUDIO;
        frame.samples = samples.data();
        frame.sample_rate_hz = rate;
        frame.channels = 1;
        frame.samples_per_channel = rate / 50;
    }
    std::vector<float> samples;
    jf_frame frame{};
};

void encode_audio(benchmark::State& state, Encoder& encoder, std::uint32_t rate)
{
    Sound sound(rate);
    for (auto _ : state) {
        encoder.encode(sound.frame);
        sound.frame.time_ns += 20'000'000;
    }
}

void decode_audio(benchmark::State& state, Encoder& encoder, Payloads& payloads, Decoder& decoder, std::uint32_t rate)
{
    Sound sound(rate);
    for (int i = 0; i < 50; ++i)
        encoder.encode(sound.frame);
    std::size_t next = 0;
    for (auto _ : state) {
        auto& [payload, bytes] = payloads[next];
        payload.bytes = to_bytes(bytes);
        decoder.decode(payload);
        next = (next + 1) % payloads.size();
    }
}

void opus_encode(benchmark::State& state)
{
    Options options;
    options.opus_complexity = static_cast<int>(state.range(0));
    Stream stream;
    stream.parameters = "useinbandfec=1";
    OpusAudioEncoder encoder(options, stream, ignore_payloads());
    encoder.set_loss(static_cast<std::uint32_t>(state.range(1)));
    encode_audio(state, encoder, 48'000);
}

void opus_decode(benchmark::State& state)
{
    Payloads payloads;
    OpusAudioEncoder encoder(Options{}, Stream{}, collect(payloads));
    OpusAudioDecoder decoder(Options{}, Stream{}, ignore_frames());
    decode_audio(state, encoder, payloads, decoder, 48'000);
}

void g711_encode(benchmark::State& state, G711Law law)
{
    G711Encoder encoder(law, ignore_payloads());
    encode_audio(state, encoder, 8000);
}

void g711_decode(benchmark::State& state, G711Law law)
{
    Payloads payloads;
    G711Encoder encoder(law, collect(payloads));
    G711Decoder decoder(law, ignore_frames());
    decode_audio(state, encoder, payloads, decoder, 8000);
}

BENCHMARK(opus_encode)
    ->ArgNames({"complexity", "loss"})
    ->ArgsProduct({{0, 5, 9}, {0, 10}})
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(opus_decode)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(g711_encode, PCMU, G711Law::mu)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(g711_decode, PCMU, G711Law::mu)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(g711_encode, PCMA, G711Law::a)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(g711_decode, PCMA, G711Law::a)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(encode_video, VP8_640x480, VideoFormat::vp8, 640, 480)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(decode_video, VP8_640x480, VideoFormat::vp8, 640, 480)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(encode_video, VP8_1280x720, VideoFormat::vp8, 1280, 720)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(decode_video, VP8_1280x720, VideoFormat::vp8, 1280, 720)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(encode_video, H264_640x480, VideoFormat::h264, 640, 480)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(decode_video, H264_640x480, VideoFormat::h264, 640, 480)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(encode_video, H264_1280x720, VideoFormat::h264, 1280, 720)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(decode_video, H264_1280x720, VideoFormat::h264, 1280, 720)->Unit(benchmark::kMicrosecond);

} // namespace
