// Payloads of a hostile peer into every decoder of codec-ffmpeg and of what codec plugins share.
//
// See payload_fuzz.hpp for what an input means.
// links: codec_ffmpeg_parts
#include "fuzz.hpp"
#include "payload_fuzz.hpp"

#include "plugins/codec-ffmpeg/video_decoder.hpp"
#include "plugins/codec-ffmpeg/video_encoder.hpp"
#include "plugins/shared/codec/g711.hpp"
#include "plugins/shared/codec/opus.hpp"

#include <array>

namespace {

using namespace jackfield;
using namespace jackfield::codec;
using namespace jackfield::fuzz;

constexpr int kCodecs = 6;

VideoFormat video_format(std::uint8_t codec)
{
    constexpr std::array kFormats{VideoFormat::vp8, VideoFormat::h264, VideoFormat::av1};
    return kFormats.at(static_cast<std::size_t>(codec % kCodecs - 3));
}

std::unique_ptr<Decoder> make_decoder(std::uint8_t codec, FrameSink sink)
{
    const Stream stream;
    switch (codec % kCodecs) {
    case 0:
        return std::make_unique<OpusAudioDecoder>(OpusOptions{}, stream, sink);
    case 1:
        return std::make_unique<G711Decoder>(G711Law::mu, sink);
    case 2:
        return std::make_unique<G711Decoder>(G711Law::a, sink);
    default:
        return std::make_unique<VideoDecoder>(video_format(codec), stream, sink);
    }
}

Input video_seed(std::uint8_t codec)
{
    Input input{codec};
    Stream stream;
    stream.width_px = 48;
    stream.height_px = 32;
    stream.max_payload_bytes = 200;
    stream.parameters = "packetization-mode=1";
    VideoEncoder encoder(video_format(codec), Options{}, stream, appending(input));
    encode_pictures(encoder);
    return input;
}

Input opus_seed()
{
    Input input{0};
    OpusAudioEncoder encoder(OpusOptions{}, Stream{}, appending(input));
    std::vector<float> samples(9600);
    for (std::size_t i = 0; i < samples.size(); ++i)
        samples[i] = static_cast<float>(i % 218) / 218.0F - 0.5F;
    jf_frame frame{};
    frame.kind = JF_AUDIO;
    frame.samples = samples.data();
    frame.sample_rate_hz = 48'000;
    frame.channels = 1;
    frame.samples_per_channel = static_cast<std::uint32_t>(samples.size());
    encoder.encode(frame);
    return input;
}

} // namespace

std::vector<std::vector<std::uint8_t>> jackfield::fuzz::seeds()
{
    return {opus_seed(), {1, 0, 0, 3, 1, 2, 3, 2, 0, 1, 9}, video_seed(3), video_seed(4), video_seed(5)};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    av_log_set_level(AV_LOG_QUIET);
    decode_input(data, size, make_decoder);
    return 0;
}
