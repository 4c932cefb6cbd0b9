// Payloads of a hostile peer for decoders: what an input means, and what is looked at afterwards.
//
// An input is one byte for the codec, then payloads: a byte of flags (bit 0 marker, bit 1 lost before, bit 2 next
// timestamp), two bytes of length, the payload.
//
// Threads: one. Lifetime: a new decoder for each input.
#pragma once

#include <jackfield/codec.hpp>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <memory>
#include <vector>

namespace jackfield::fuzz {

using Input = std::vector<std::uint8_t>;

constexpr std::uint8_t kMarker = 1;
constexpr std::uint8_t kLost = 2;
constexpr std::uint8_t kNextTimestamp = 4;
constexpr std::uint32_t kMaxShownSide = 4096;

/// Reads every byte of a frame, so that a sanitizer sees planes that are not there.
inline void look_at(void* self, const jf_frame* frame)
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

inline void append(Input& input, const jf_payload& payload)
{
    const std::size_t size = payload.bytes.size;
    input.push_back(payload.marker != 0 ? kMarker | kNextTimestamp : 0);
    input.push_back(static_cast<std::uint8_t>(size >> 8));
    input.push_back(static_cast<std::uint8_t>(size & 0xFF));
    input.insert(input.end(), payload.bytes.data, payload.bytes.data + size);
}

/// Payloads that an encoder puts behind what is in the input already.
inline PayloadSink appending(Input& input)
{
    return PayloadSink(
        {&input, [](void* self, const jf_payload* payload) { append(*static_cast<Input*>(self), *payload); }});
}

/// A few pictures of 48 x 32, as our own encoder sends them.
inline void encode_pictures(Encoder& encoder)
{
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
}

/// Hands on the flags and the bytes of each payload that stands from there on.
template <class Each>
void each_payload(const std::uint8_t* data, std::size_t size, std::size_t at, Each&& each)
{
    while (at + 3 <= size) {
        const std::uint8_t flags = data[at];
        const std::size_t length = std::min<std::size_t>(std::size_t{data[at + 1]} << 8 | data[at + 2], size - at - 3);
        // A copy of its own, so that a sanitizer sees what is read beyond the end.
        const std::vector<std::uint8_t> bytes(data + at + 3, data + at + 3 + length);
        each(flags, bytes);
        at += 3 + length;
    }
}

using MakeDecoder = std::function<std::unique_ptr<Decoder>(std::uint8_t codec, FrameSink sink)>;

/// Decodes what the input says.
inline void decode_input(const std::uint8_t* data, std::size_t size, const MakeDecoder& make_decoder)
{
    if (size == 0)
        return;
    unsigned sum = 0;
    const auto decoder = make_decoder(data[0], FrameSink({&sum, &look_at}));
    std::uint32_t timestamp = 0;
    each_payload(data, size, 1, [&](std::uint8_t flags, const std::vector<std::uint8_t>& bytes) {
        jf_payload payload{};
        payload.struct_size = sizeof(payload);
        payload.bytes = {bytes.data(), bytes.size()};
        payload.marker = (flags & kMarker) != 0 ? 1 : 0;
        payload.lost_before = (flags & kLost) != 0 ? flags : 0;
        payload.rtp_timestamp = timestamp;
        timestamp += (flags & kNextTimestamp) != 0 ? 3000 : 0;
        decoder->decode(payload);
    });
}

} // namespace jackfield::fuzz
