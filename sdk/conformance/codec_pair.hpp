// What codecs are tried with: a plugin, its encoders and decoders, and sound and pictures that tell whether they are
// still themselves.
//
// Threads: the test's; encoders and decoders call their sinks inside a call. Lifetime: they go before their instance.
#pragma once

#include "kit.hpp"

#include <jackfield/abi/codec.h>

#include <nlohmann/json.hpp>

#include <cmath>
#include <numbers>

namespace jackfield::conformance::codecs {

using Json = nlohmann::json;

inline constexpr std::uint32_t kWidth = 160;
inline constexpr std::uint32_t kHeight = 120;

struct Sent {
    jf_payload payload{};
    Bytes bytes;
};

struct Got {
    jf_frame frame{};
    std::vector<float> samples;
    std::vector<std::uint8_t> luma;
};

/// A codec plugin and what it says of itself.
class Plugin {
public:
    explicit Plugin(Bench& bench) : life_(bench.make(JF_CODEC_INTERFACE))
    {
        std::string text;
        jf_error error = no_error();
        check(methods().capabilities(life_.self(), append_to(text), &error), error);
        capabilities = Json::parse(text, nullptr, false);
    }
    const jf_codec_methods& methods() const { return life_.methods<jf_codec_methods>(); }
    void* self() const { return life_.self(); }

    /// Runs for each codec of that kind; without one the test is skipped.
    void for_each(const std::string& kind, const std::function<void(const Json& entry)>& action) const
    {
        int count = 0;
        for (const Json& entry : capabilities.value("codecs", Json::array())) {
            if (entry.value("kind", "") != kind)
                continue;
            ++count;
            try {
                action(entry);
            } catch (const Broken& broken) {
                throw Broken(entry.value("name", "") + ": " + broken.what());
            }
        }
        skip_if(count == 0, "it has no codec for " + kind);
    }

    Json capabilities;

private:
    Life& life_;
};

/// One entry as it would be negotiated.
inline std::string negotiated(Json entry, bool encoder)
{
    entry.erase("default_bitrate_bps");
    entry["payload_type"] = 100;
    if (encoder) {
        entry["max_payload_bytes"] = 500;
        if (entry["kind"] == "video")
            entry.update({{"width_px", kWidth}, {"height_px", kHeight}, {"bitrate_bps", 500'000}});
    }
    return entry.dump();
}

class Encoder {
public:
    Encoder(const Plugin& plugin, const Json& entry)
    {
        jf_error error = no_error();
        const jf_payload_sink sink{this, [](void* self, const jf_payload* payload) {
                                       const auto bytes = view(payload->bytes);
                                       static_cast<Encoder*>(self)->sent_.push_back(
                                           {*payload, Bytes(bytes.begin(), bytes.end())});
                                   }};
        check(plugin.methods().open_encoder(plugin.self(), to_text(negotiated(entry, true)), sink, &raw_, &error),
              error);
    }
    Encoder(const Encoder&) = delete;
    Encoder& operator=(const Encoder&) = delete;
    ~Encoder()
    {
        if (raw_.methods != nullptr)
            raw_.methods->release(raw_.self);
    }
    std::vector<Sent> encoded(const jf_frame& frame)
    {
        require_status(raw_.methods->encode(raw_.self, &frame), JF_OK, "encode");
        return std::exchange(sent_, {});
    }
    void request_key_frame() const { raw_.methods->request_key_frame(raw_.self); }

private:
    jf_encoder raw_{};
    std::vector<Sent> sent_;
};

class Decoder {
public:
    Decoder(const Plugin& plugin, const Json& entry)
    {
        jf_error error = no_error();
        const jf_frame_sink sink{this,
                                 [](void* self, const jf_frame* frame) { static_cast<Decoder*>(self)->take(*frame); }};
        check(plugin.methods().open_decoder(plugin.self(), to_text(negotiated(entry, false)), sink, &raw_, &error),
              error);
    }
    Decoder(const Decoder&) = delete;
    Decoder& operator=(const Decoder&) = delete;
    ~Decoder()
    {
        if (raw_.methods != nullptr)
            raw_.methods->release(raw_.self);
    }
    Status decode(const Sent& sent, std::uint16_t lost_before = 0) const
    {
        jf_payload payload = sent.payload;
        payload.bytes = to_bytes(sent.bytes);
        payload.lost_before = lost_before;
        return raw_.methods->decode(raw_.self, &payload);
    }
    Status decode(const std::vector<Sent>& all) const
    {
        Status status = JF_OK;
        for (const Sent& sent : all)
            status = decode(sent);
        return status;
    }

    std::vector<Got> got;

private:
    void take(const jf_frame& frame)
    {
        Got one{frame, {}, {}};
        if (frame.kind == JF_AUDIO)
            one.samples.assign(frame.samples, frame.samples + std::size_t{frame.samples_per_channel} * frame.channels);
        for (std::uint32_t row = 0; frame.kind == JF_VIDEO && row < frame.height_px; ++row) {
            const auto* line = frame.planes[0] + std::size_t{row} * frame.strides_bytes[0];
            one.luma.insert(one.luma.end(), line, line + frame.width_px);
        }
        got.push_back(std::move(one));
    }

    jf_decoder raw_{};
};

/// Twenty milliseconds of a tone at a time.
class Tone {
public:
    explicit Tone(const Json& entry) : rate(entry.at("sample_rate_hz")), channels(entry.value("channels", 1U)) {}

    jf_frame next()
    {
        samples_.resize(std::size_t{rate / 50} * channels);
        for (std::size_t i = 0; i < samples_.size(); ++i)
            samples_[i] = static_cast<float>(
                0.5 * std::sin(2 * std::numbers::pi * 440 * static_cast<double>(at_ + i / channels) / rate));
        jf_frame frame{};
        frame.struct_size = sizeof(frame);
        frame.kind = JF_AUDIO;
        frame.time_ns = 5'000'000'000 + static_cast<std::int64_t>(at_) * 1'000'000'000 / rate;
        frame.samples = samples_.data();
        frame.sample_rate_hz = rate;
        frame.channels = channels;
        frame.samples_per_channel = rate / 50;
        at_ += rate / 50;
        return frame;
    }
    /// How much of what was heard is this tone, whatever its phase; 1 is all.
    double share(const std::vector<float>& heard, std::uint32_t heard_channels) const
    {
        double sine = 0;
        double cosine = 0;
        double energy = 0;
        const std::size_t count = heard.size() / heard_channels;
        for (std::size_t i = 0; i < count; ++i) {
            const double value = heard[i * heard_channels];
            const double angle = 2 * std::numbers::pi * 440 * static_cast<double>(i) / rate;
            sine += value * std::sin(angle);
            cosine += value * std::cos(angle);
            energy += value * value;
        }
        return energy == 0 ? 0 : (sine * sine + cosine * cosine) * 2 / (static_cast<double>(count) * energy);
    }

    std::uint32_t rate;
    std::uint32_t channels;

private:
    std::uint64_t at_ = 0;
    std::vector<float> samples_;
};

/// A picture with edges that move.
class Picture {
public:
    explicit Picture(int number) : number_(number), luma_(kWidth * kHeight), chroma_(kWidth * kHeight / 4, 128)
    {
        for (std::uint32_t at = 0; at < luma_.size(); ++at) {
            const auto x = static_cast<int>(at % kWidth);
            const auto y = static_cast<int>(at / kWidth);
            const bool inside = x >= number * 3 && x < number * 3 + 40 && y > 30 && y < 80;
            luma_[at] = static_cast<std::uint8_t>(inside ? 220 : 60 + x / 2);
        }
    }
    jf_frame frame() const
    {
        jf_frame frame{};
        frame.struct_size = sizeof(frame);
        frame.kind = JF_VIDEO;
        frame.time_ns = 5'000'000'000 + number_ * 40'000'000LL;
        frame.width_px = kWidth;
        frame.height_px = kHeight;
        for (std::size_t i = 0; i < 3; ++i) {
            frame.planes[i] = i == 0 ? luma_.data() : chroma_.data();
            frame.strides_bytes[i] = i == 0 ? kWidth : kWidth / 2;
        }
        return frame;
    }
    /// Peak signal-to-noise ratio, dB.
    double likeness(const Got& got) const
    {
        require(got.frame.width_px == kWidth && got.frame.height_px == kHeight, "a picture of another size comes out");
        double sum = 0;
        for (std::size_t i = 0; i < luma_.size(); ++i)
            sum += std::pow(static_cast<double>(luma_[i]) - got.luma[i], 2);
        return sum == 0 ? 99 : 10 * std::log10(255.0 * 255.0 * static_cast<double>(luma_.size()) / sum);
    }

private:
    int number_;
    std::vector<std::uint8_t> luma_;
    std::vector<std::uint8_t> chroma_;
};

} // namespace jackfield::conformance::codecs
