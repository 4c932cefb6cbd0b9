// Payloads of a hostile peer into every decoder of codec-ffmpeg.
//
// An input is one byte for the codec, then payloads: a byte of flags (bit 0 marker, bit 1 lost before, bit 2 next
// timestamp), two bytes of length, the payload.
//
// Threads: one. Lifetime: a new decoder for each input.
// links: codec_ffmpeg_parts
#include "fuzz.hpp"

#include "plugins/codec-ffmpeg/g711.hpp"
#include "plugins/codec-ffmpeg/opus.hpp"
#include "plugins/codec-ffmpeg/video_decoder.hpp"
#include "plugins/codec-ffmpeg/video_encoder.hpp"

#include <cstdlib>
#include <memory>

namespace {

using namespace jackfield;
using namespace jackfield::codec;

constexpr std::uint8_t kMarker = 1;
constexpr std::uint8_t kLost = 2;
constexpr std::uint8_t kNextTimestamp = 4;
constexpr int kCodecs = 5;
constexpr std::uint32_t kMaxShownSide = 4096;

/// Reads every byte of a frame, so that a sanitizer sees planes that are not there.
void look_at(void* self, const jf_frame* frame)
{
    auto& sum = *static_cast<unsigned*>(self);
    if (frame->kind == JF_AUDIO) {
        for (std::size_t i = 0; i < std::size_t{frame->samples_per_channel} * frame->channels; ++i)
            sum += frame->samples[i] > 0 ? 1U : 0U;
        return;
    }
    if (frame->width_px > kMaxShownSide || frame->height_px > kMaxShownSide)
        std::abort();
    for (std::size_t plane = 0; plane < 3; ++plane) {
        const std::size_t width = plane == 0 ? frame->width_px : (frame->width_px + 1) / 2;
        const std::size_t height = plane == 0 ? frame->height_px : (frame->height_px + 1) / 2;
        for (std::size_t y = 0; y < height; ++y) {
            const auto* row = frame->planes[plane] + y * frame->strides_bytes[plane];
            for (std::size_t x = 0; x < width; ++x)
                sum += row[x];
        }
    }
}

std::unique_ptr<Decoder> make_decoder(int codec, FrameSink sink)
{
    const Options options;
    const Stream stream;
    switch (codec) {
    case 0:
        return std::make_unique<OpusAudioDecoder>(options, stream, sink);
    case 1:
        return std::make_unique<G711Decoder>(G711Law::mu, sink);
    case 2:
        return std::make_unique<G711Decoder>(G711Law::a, sink);
    case 3:
        return std::make_unique<VideoDecoder>(VideoFormat::vp8, stream, sink);
    default:
        return std::make_unique<VideoDecoder>(VideoFormat::h264, stream, sink);
    }
}

void append(std::vector<std::uint8_t>& input, const jf_payload& payload)
{
    const std::size_t size = payload.bytes.size;
    input.push_back(payload.marker != 0 ? kMarker | kNextTimestamp : 0);
    input.push_back(static_cast<std::uint8_t>(size >> 8));
    input.push_back(static_cast<std::uint8_t>(size & 0xFF));
    input.insert(input.end(), payload.bytes.data, payload.bytes.data + size);
}

/// A few pictures in one codec, as our own encoder sends them.
std::vector<std::uint8_t> video_seed(int codec)
{
    std::vector<std::uint8_t> input{static_cast<std::uint8_t>(codec)};
    const PayloadSink sink({&input, [](void* self, const jf_payload* payload) {
                                append(*static_cast<std::vector<std::uint8_t>*>(self), *payload);
                            }});
    Stream stream;
    stream.width_px = 48;
    stream.height_px = 32;
    stream.max_payload_bytes = 200;
    stream.parameters = "packetization-mode=1";
    VideoEncoder encoder(codec == 3 ? VideoFormat::vp8 : VideoFormat::h264, Options{}, stream, sink);
    std::vector<std::uint8_t> plane(48 * 32);
    for (std::uint8_t picture = 0; picture < 4; ++picture) {
        for (std::size_t i = 0; i < plane.size(); ++i)
            plane[i] = static_cast<std::uint8_t>(i * i / 7 + picture * 11);
        jf_frame frame{};
        frame.kind = JF_VIDEO;
        frame.time_ns = picture * 33'000'000;
        frame.width_px = 48;
        frame.height_px = 32;
        for (std::size_t i = 0; i < 3; ++i) {
            frame.planes[i] = plane.data();
            frame.strides_bytes[i] = i == 0 ? 48 : 24;
        }
        encoder.encode(frame);
    }
    return input;
}

std::vector<std::uint8_t> opus_seed()
{
    std::vector<std::uint8_t> input{0};
    const PayloadSink sink({&input, [](void* self, const jf_payload* payload) {
                                append(*static_cast<std::vector<std::uint8_t>*>(self), *payload);
                            }});
    OpusAudioEncoder encoder(Options{}, Stream{}, sink);
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
    return {opus_seed(), {1, 0, 0, 3, 1, 2, 3, 2, 0, 1, 9}, video_seed(3), video_seed(4)};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size == 0)
        return 0;
    av_log_set_level(AV_LOG_QUIET);
    unsigned sum = 0;
    const auto decoder = make_decoder(data[0] % kCodecs, FrameSink({&sum, &look_at}));
    std::uint32_t timestamp = 0;
    for (std::size_t at = 1; at + 3 <= size;) {
        const std::uint8_t flags = data[at];
        const std::size_t length = std::min<std::size_t>(std::size_t{data[at + 1]} << 8 | data[at + 2], size - at - 3);
        // A copy of its own, so that a sanitizer sees what is read beyond the end.
        const std::vector<std::uint8_t> bytes(data + at + 3, data + at + 3 + length);
        jf_payload payload{};
        payload.struct_size = sizeof(payload);
        payload.bytes = {bytes.data(), bytes.size()};
        payload.marker = (flags & kMarker) != 0 ? 1 : 0;
        payload.lost_before = (flags & kLost) != 0 ? flags : 0;
        payload.rtp_timestamp = timestamp;
        timestamp += (flags & kNextTimestamp) != 0 ? 3000 : 0;
        decoder->decode(payload);
        at += 3 + length;
    }
    return 0;
}
