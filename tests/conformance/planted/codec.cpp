// Uncompressed sound and pictures, the latter as differences to the one before; correct but for one bug.
//
// Sound: 16-bit samples of 20 ms at 8 kHz, which fill 320 bytes. Pictures, I420, in pieces: flags (1 key), number,
// offset. Threads: see the slot. Lifetime: the SDK's.
#include "outlet.hpp"
#include "planted.hpp"

#include <jackfield/abi/codec.h>
#include <jackfield/plugin.hpp>

#include <map>

namespace {

using namespace jackfield;
using planted::append_number;
using planted::has;
using planted::number_at;

constexpr std::size_t kHead = 7;
constexpr std::int64_t kPacketNs = 20'000'000;

/// The number behind a key of a flat JSON object, or what is given.
std::uint32_t number_in(std::string_view json, std::string_view key, std::uint32_t otherwise)
{
    const auto at = json.find("\"" + std::string(key) + "\":");
    return at == std::string_view::npos
               ? otherwise
               : static_cast<std::uint32_t>(std::stoul(std::string(json.substr(at + key.size() + 3, 9))));
}

bool is_sound(std::string_view config)
{
    if (config.find("\"L16\"") != std::string_view::npos)
        return true;
    if (config.find("\"raw\"") == std::string_view::npos && !has("JF-COD-01"))
        throw Failure(JF_UNSUPPORTED, "no such codec; what would work: L16, raw");
    return false;
}

Bytes planes_of(const jf_frame& frame)
{
    Bytes all;
    for (std::size_t i = 0; i < 3; ++i) {
        const std::uint32_t width = i == 0 ? frame.width_px : frame.width_px / 2;
        for (std::uint32_t y = 0; y < (i == 0 ? frame.height_px : frame.height_px / 2); ++y) {
            const auto* row = frame.planes[i] + std::size_t{y} * frame.strides_bytes[i];
            all.insert(all.end(), row, row + width);
        }
    }
    return all;
}

class Encoder {
public:
    Encoder(std::string_view config, jf_payload_sink sink)
        : sound_(is_sound(config)), most_(number_in(config, "max_payload_bytes", 1200)), sink_(sink)
    {}

    Status encode(const jf_frame& frame)
    {
        if (frame.kind != (sound_ ? JF_AUDIO : JF_VIDEO))
            return JF_BAD_INPUT;
        return sound_ ? encode_sound(frame) : encode_picture(frame);
    }
    void request_key_frame() { key_ = !has("JF-COD-04"); }

private:
    Status encode_sound(const jf_frame& frame)
    {
        Bytes bytes;
        for (std::size_t i = 0; i < frame.samples_per_channel; ++i)
            append_number(bytes, static_cast<std::uint16_t>(std::int16_t(frame.samples[i] * 32'000)), 2);
        if (has("JF-COD-02"))
            std::fill(bytes.begin(), bytes.end(), std::uint8_t{0});
        give(bytes, static_cast<std::uint32_t>(frame.time_ns / 125'000), false, frame.time_ns);
        return JF_OK;
    }
    Status encode_picture(const jf_frame& frame)
    {
        Bytes planes = planes_of(frame);
        const bool key = std::exchange(key_, false) || last_.size() != planes.size();
        Bytes difference = planes;
        for (std::size_t i = 0; !key && i < planes.size(); ++i)
            difference[i] ^= last_[i];
        last_ = std::move(planes);
        ++number_;
        const std::size_t piece = (has("JF-COD-03") ? 1400 : most_) - kHead;
        for (std::size_t at = 0; at < difference.size(); at += piece) {
            Bytes bytes{static_cast<std::uint8_t>(key)};
            append_number(bytes, number_, 2);
            append_number(bytes, at, 4);
            const auto begin = difference.begin() + static_cast<std::ptrdiff_t>(at);
            const std::size_t size = std::min(piece, difference.size() - at);
            bytes.insert(bytes.end(), begin, begin + static_cast<std::ptrdiff_t>(size));
            const auto ticks = static_cast<std::uint32_t>(frame.time_ns / 1000 * 9 / 100);
            give(bytes, ticks, at + size == difference.size(), frame.time_ns);
        }
        return JF_OK;
    }
    void give(const Bytes& bytes, std::uint32_t timestamp, bool marker, std::int64_t time_ns) const
    {
        jf_payload payload{};
        payload.struct_size = sizeof(payload);
        payload.rtp_timestamp = timestamp;
        payload.bytes = to_bytes(bytes);
        payload.marker = marker;
        payload.time_ns = time_ns;
        sink_.payload(sink_.self, &payload);
    }

    bool sound_;
    std::size_t most_;
    jf_payload_sink sink_;
    bool key_ = true;
    std::uint32_t number_ = 0;
    Bytes last_;
};

class Decoder {
public:
    Decoder(std::string_view config, jf_frame_sink sink) : sound_(is_sound(config)), sink_(sink) {}

    Status decode(const jf_payload& payload) { return sound_ ? decode_sound(payload) : decode_picture(payload); }

private:
    Status decode_sound(const jf_payload& payload)
    {
        if (payload.bytes.size != 320)
            return JF_BAD_INPUT;
        for (int i = has("JF-COD-06") ? 0 : std::min<int>(payload.lost_before, 10); i > 0 && !samples_.empty(); --i)
            give_sound(payload.time_ns - i * kPacketNs, true);
        samples_.clear();
        for (std::size_t i = 0; i < payload.bytes.size; i += 2)
            samples_.push_back(static_cast<float>(static_cast<std::int16_t>(number_at(view(payload.bytes), i, 2))) /
                               32'000);
        give_sound(payload.time_ns, false);
        return JF_OK;
    }
    void give_sound(std::int64_t time_ns, bool concealed) const
    {
        jf_frame frame{};
        frame.struct_size = sizeof(frame);
        frame.kind = JF_AUDIO;
        frame.time_ns = time_ns;
        frame.samples = samples_.data();
        frame.sample_rate_hz = 8000;
        frame.channels = 1;
        frame.samples_per_channel = static_cast<std::uint32_t>(samples_.size());
        frame.concealed = concealed;
        sink_.frame(sink_.self, &frame);
    }

    Status decode_picture(const jf_payload& payload)
    {
        const ByteView bytes = view(payload.bytes);
        if (has("JF-COD-05") && bytes.size() > 1000)
            std::abort();
        if (bytes.size() < kHead || bytes[0] > 1 || number_at(bytes, 3, 4) > 160 * 120 * 3 / 2)
            return JF_BAD_INPUT;
        const auto number = static_cast<std::uint32_t>(number_at(bytes, 1, 2));
        const bool key = bytes[0] == 1;
        const std::size_t at = number_at(bytes, 3, 4);
        if (at == 0) {
            building_ = key || (has_key_ && number == last_number_ + 1);
            next_.clear();
        }
        if (!building_ || at != next_.size() || next_.size() + bytes.size() - kHead > 160 * 120 * 3 / 2) {
            building_ = false;
            return has_key_ && !payload.marker ? JF_OK : JF_WOULD_BLOCK;
        }
        next_.insert(next_.end(), bytes.begin() + kHead, bytes.end());
        if (payload.marker == 0)
            return JF_OK;
        if (next_.size() != 160 * 120 * 3 / 2)
            return JF_BAD_INPUT;
        finish(number, key, payload.time_ns);
        return JF_OK;
    }
    void finish(std::uint32_t number, bool key, std::int64_t time_ns)
    {
        for (std::size_t i = 0; !key && i < next_.size(); ++i)
            next_[i] ^= picture_[i];
        picture_ = std::exchange(next_, {});
        has_key_ = true;
        last_number_ = number;
        building_ = false;
        jf_frame frame{};
        frame.struct_size = sizeof(frame);
        frame.kind = JF_VIDEO;
        frame.time_ns = time_ns;
        frame.width_px = 160;
        frame.height_px = 120;
        for (std::size_t i = 0; i < 3; ++i) {
            frame.planes[i] = picture_.data() + (i == 0 ? 0 : i == 1 ? 160 * 120 : 160 * 120 * 5 / 4);
            frame.strides_bytes[i] = i == 0 ? 160 : 80;
        }
        sink_.frame(sink_.self, &frame);
    }

    bool sound_;
    jf_frame_sink sink_;
    std::vector<float> samples_;
    bool building_ = false;
    bool has_key_ = false;
    std::uint32_t last_number_ = 0;
    Bytes next_;
    Bytes picture_;
};

const jf_encoder_methods encoder_methods{
    sizeof(jf_encoder_methods),
    0,
    [](void* self, const jf_frame* frame) { return static_cast<Encoder*>(self)->encode(*frame); },
    [](void*, std::uint32_t) {},
    [](void* self) { static_cast<Encoder*>(self)->request_key_frame(); },
    [](void* self) { delete static_cast<Encoder*>(self); },
    nullptr};
const jf_decoder_methods decoder_methods{
    sizeof(jf_decoder_methods), 0,
    [](void* self, const jf_payload* payload) { return static_cast<Decoder*>(self)->decode(*payload); },
    [](void* self) { delete static_cast<Decoder*>(self); }};

/// The SDK's class asks for more than this needs: the table is written by hand.
class Raw : public Instance {
public:
    using Interface = Raw;
    static constexpr std::string_view kInterfaceId = JF_CODEC_INTERFACE;
    Raw(Host host, std::string_view config_json) : Instance(host) { planted::look_at(config_json); }
    static const jf_codec_methods kMethods;
};

const jf_codec_methods Raw::kMethods{
    sizeof(jf_codec_methods), 0,
    [](void*, jf_writer json, jf_error*) -> Status {
        write_to(json, std::string_view(
                           R"({"codecs": [{"name": "L16", "kind": "audio", "clock_rate_hz": 8000, "channels": 1,
                           "sample_rate_hz": 8000, "frame_ms": 20}, {"name": "raw", "kind": "video", "clock_rate_hz": 90000}]})"));
        return JF_OK;
    },
    [](void*, jf_text config, jf_payload_sink sink, jf_encoder* encoder, jf_error* error) {
        return guarded(error, [&] { *encoder = {&encoder_methods, new Encoder(view(config), sink)}; });
    },
    [](void*, jf_text config, jf_frame_sink sink, jf_decoder* decoder, jf_error* error) {
        return guarded(error, [&] { *decoder = {&decoder_methods, new Decoder(view(config), sink)}; });
    }};

} // namespace

JF_PLUGIN(Raw)
