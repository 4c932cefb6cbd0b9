// Frames and payloads in shared memory. See media_words.hpp.

#include "kernel/isolate/media_words.hpp"

#include <array>

namespace jackfield::kernel::isolate {

namespace {

struct Plane {
    std::uint64_t width;
    std::uint64_t height;
};

/// Of I420.
std::array<Plane, 3> planes_of(const jf_frame& frame)
{
    const Plane luma{frame.width_px, frame.height_px};
    const Plane chroma{(luma.width + 1) / 2, (luma.height + 1) / 2};
    return {luma, chroma, chroma};
}

constexpr std::uint32_t kLargestSide = 16384; // pixels

} // namespace

void put_frame(Packer& packer, const jf_frame& frame)
{
    packer.put(frame.kind).put(frame.time_ns).put(frame.concealed);
    if (frame.kind == JF_AUDIO) {
        packer.put(frame.sample_rate_hz).put(frame.channels).put(frame.samples_per_channel);
        const std::size_t count = std::size_t{frame.channels} * frame.samples_per_channel;
        packer.put_bytes(frame.samples, count * sizeof(float));
        return;
    }
    packer.put(frame.width_px).put(frame.height_px).put(frame.rotation_deg);
    const auto planes = planes_of(frame);
    for (std::size_t i = 0; i < planes.size(); ++i) {
        const auto [width, height] = planes[i];
        std::byte* to = packer.put_room(width * height);
        for (std::uint64_t row = 0; to != nullptr && row < height; ++row, to += width)
            std::memcpy(to, frame.planes[i] + row * frame.strides_bytes[i], width);
    }
}

std::optional<jf_frame> take_frame(Unpacker& unpacker)
{
    jf_frame frame{};
    frame.struct_size = sizeof(frame);
    frame.kind = unpacker.take<std::uint32_t>();
    frame.time_ns = unpacker.take<std::int64_t>();
    frame.concealed = unpacker.take<std::uint32_t>();
    if (frame.kind == JF_AUDIO) {
        frame.sample_rate_hz = unpacker.take<std::uint32_t>();
        frame.channels = unpacker.take<std::uint32_t>();
        frame.samples_per_channel = unpacker.take<std::uint32_t>();
        const auto samples = unpacker.take_bytes();
        frame.samples = reinterpret_cast<const float*>(samples.data());
        const std::uint64_t count = std::uint64_t{frame.channels} * frame.samples_per_channel;
        return unpacker.sound() && count <= samples.size() && count * sizeof(float) == samples.size()
                   ? std::optional(frame)
                   : std::nullopt;
    }
    frame.width_px = unpacker.take<std::uint32_t>();
    frame.height_px = unpacker.take<std::uint32_t>();
    frame.rotation_deg = unpacker.take<std::uint32_t>();
    if (frame.kind != JF_VIDEO || frame.width_px > kLargestSide || frame.height_px > kLargestSide)
        return std::nullopt;
    const auto planes = planes_of(frame);
    for (std::size_t i = 0; i < planes.size(); ++i) {
        const auto bytes = unpacker.take_bytes();
        if (bytes.size() != planes[i].width * planes[i].height)
            return std::nullopt;
        frame.planes[i] = reinterpret_cast<const std::uint8_t*>(bytes.data());
        frame.strides_bytes[i] = static_cast<std::uint32_t>(planes[i].width);
    }
    return unpacker.sound() ? std::optional(frame) : std::nullopt;
}

void put_payload(Packer& packer, const jf_payload& payload)
{
    packer.put(payload.rtp_timestamp).put(payload.marker).put(payload.payload_type).put(payload.lost_before);
    packer.put(payload.time_ns).put_bytes(payload.bytes.data, payload.bytes.size);
}

jf_payload take_payload(Unpacker& unpacker)
{
    jf_payload payload{};
    payload.struct_size = sizeof(payload);
    payload.rtp_timestamp = unpacker.take<std::uint32_t>();
    payload.marker = unpacker.take<std::uint8_t>();
    payload.payload_type = unpacker.take<std::uint8_t>();
    payload.lost_before = unpacker.take<std::uint16_t>();
    payload.time_ns = unpacker.take<std::int64_t>();
    const auto bytes = unpacker.take_bytes();
    payload.bytes = {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
    return payload;
}

void put_wishes(Packer& packer, const EncoderWishes& wishes)
{
    packer.put(wishes.bitrate_bps).put(wishes.loss_percent).put(wishes.key_frames);
}

EncoderWishes take_wishes(Unpacker& unpacker)
{
    EncoderWishes wishes;
    wishes.bitrate_bps = unpacker.take<std::uint32_t>();
    wishes.loss_percent = unpacker.take<std::uint32_t>();
    wishes.key_frames = unpacker.take<std::uint32_t>();
    return wishes;
}

} // namespace jackfield::kernel::isolate
