// @ID@: a codec. L16: sound as it is, 16 bits a sample, most significant byte first (RFC 3551 section 4.5.11).
//
// Threads:  encode and decode come on the thread of one stream; encoders and decoders are opened on workers, several at
//           once, and destroyed on the control thread.
// Lifetime: encoders and decoders are destroyed before the instance.
#include <jackfield/codec.hpp>
#include <jackfield/plugin.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <vector>

namespace {

using nlohmann::json;

constexpr std::uint32_t kFrameMs = 20;       // in a payload
constexpr std::uint32_t kMostConcealed = 10; // frames in a row that we make up for lost ones

/// Frames of any length in, payloads of one length out.
class Encoder final : public jackfield::Encoder {
public:
    Encoder(std::uint32_t rate_hz, jackfield::PayloadSink sink)
        : rate_hz_(rate_hz), samples_(rate_hz / 1000 * kFrameMs), sink_(sink)
    {
        bytes_.reserve(std::size_t{samples_} * 2); // now, for encode must not allocate
    }

    jackfield::Status encode(const jf_frame& frame) noexcept override
    {
        if (frame.kind != JF_AUDIO || frame.sample_rate_hz != rate_hz_ || frame.channels == 0)
            return JF_BAD_INPUT;
        for (std::uint32_t i = 0; i < frame.samples_per_channel; ++i) {
            if (bytes_.empty())
                time_ns_ = frame.time_ns + std::int64_t{i} * 1'000'000'000 / rate_hz_;
            const float first = frame.samples[std::size_t{i} * frame.channels]; // of stereo the left one
            const auto value = static_cast<std::int16_t>(std::clamp(first, -1.0F, 1.0F) * 32'767);
            bytes_.push_back(static_cast<std::uint8_t>(static_cast<std::uint16_t>(value) >> 8));
            bytes_.push_back(static_cast<std::uint8_t>(value & 0xff));
            if (bytes_.size() == std::size_t{samples_} * 2)
                hand_on();
        }
        return JF_OK;
    }

    void set_bitrate(std::uint32_t) noexcept override {} // there is one rate

private:
    void hand_on() noexcept
    {
        jf_payload payload{};
        payload.struct_size = sizeof(payload);
        payload.bytes = jackfield::to_bytes(bytes_);
        payload.rtp_timestamp = timestamp_; // counts samples; the transport adds its random beginning
        payload.marker = timestamp_ == 0;   // a talk spurt begins
        payload.time_ns = time_ns_;
        sink_.payload(payload);
        timestamp_ += samples_;
        bytes_.clear();
    }

    std::uint32_t rate_hz_;
    std::uint32_t samples_;
    jackfield::PayloadSink sink_;
    std::vector<std::uint8_t> bytes_;
    std::uint32_t timestamp_ = 0;
    std::int64_t time_ns_ = 0;
};

/// Payloads come from a stranger: whatever is in them, the answer is frames or JF_BAD_INPUT.
class Decoder final : public jackfield::Decoder {
public:
    Decoder(std::uint32_t rate_hz, jackfield::FrameSink sink)
        : rate_hz_(rate_hz), most_(rate_hz / 1000 * kFrameMs), samples_(most_), sink_(sink)
    {}

    jackfield::Status decode(const jf_payload& payload) noexcept override
    {
        const jackfield::ByteView bytes = jackfield::view(payload.bytes);
        if (bytes.empty() || bytes.size() % 2 != 0 || bytes.size() / 2 > most_)
            return JF_BAD_INPUT;
        conceal(payload);
        for (std::size_t i = 0; i < bytes.size(); i += 2) {
            const auto value = static_cast<std::int16_t>(bytes[i] << 8 | bytes[i + 1]);
            samples_[i / 2] = static_cast<float>(value) / 32'768;
        }
        count_ = static_cast<std::uint32_t>(bytes.size() / 2);
        hand_on(payload.time_ns, false);
        return JF_OK;
    }

private:
    /// Something was lost before this payload: the last frame once more, softer each time.
    void conceal(const jf_payload& payload) noexcept
    {
        const std::uint32_t lost = count_ == 0 ? 0 : std::min<std::uint32_t>(payload.lost_before, kMostConcealed);
        for (std::uint32_t i = lost; i > 0; --i) {
            for (float& sample : samples_)
                sample /= 2;
            hand_on(payload.time_ns - std::int64_t{i} * kFrameMs * 1'000'000, true);
        }
    }
    void hand_on(std::int64_t time_ns, bool concealed) const noexcept
    {
        jf_frame frame{};
        frame.struct_size = sizeof(frame);
        frame.kind = JF_AUDIO;
        frame.time_ns = time_ns;
        frame.samples = samples_.data();
        frame.sample_rate_hz = rate_hz_;
        frame.channels = 1;
        frame.samples_per_channel = count_;
        frame.concealed = concealed;
        sink_.frame(frame);
    }

    std::uint32_t rate_hz_;
    std::uint32_t most_;
    std::vector<float> samples_; // of the last frame
    jackfield::FrameSink sink_;
    std::uint32_t count_ = 0;
};

class Codec final : public jackfield::Codec {
public:
    /// ConfigError for a configuration that cannot be used: where, what is wrong, what would work. Users read that
    /// text.
    Codec(jackfield::Host host, std::string_view config_json) : jackfield::Codec(host)
    {
        const json config = json::parse(config_json, nullptr, /*allow_exceptions=*/false);
        if (!config.is_object())
            throw jackfield::ConfigError(": expected a JSON object; {} would work");
        const json rate = config.value("sample_rate_hz", json(8000));
        if (rate != 8000 && rate != 16'000 && rate != 24'000)
            throw jackfield::ConfigError("/sample_rate_hz: expected 8000, 16000 or 24000; 8000 would work");
        rate_hz_ = rate.get<std::uint32_t>();
    }

    /// What is offered to the peer, in order of preference (codec-capabilities.schema.json).
    std::string capabilities() override
    {
        return json{{"codecs",
                     {{{"name", "L16"},
                       {"kind", "audio"},
                       {"clock_rate_hz", rate_hz_},
                       {"channels", 1},
                       {"sample_rate_hz", rate_hz_},
                       {"frame_ms", kFrameMs},
                       {"default_bitrate_bps", rate_hz_ * 16}}}}}
            .dump();
    }

    /// The configuration is one of our entries as it was negotiated, and for encoders bounds. The first encode must
    /// cost no more than the next: whatever takes long is done here.
    std::unique_ptr<jackfield::Encoder> open_encoder(std::string_view config_json, jackfield::PayloadSink sink) override
    {
        const json config = agreed(config_json);
        const json most = config.value("max_payload_bytes", json(1200));
        if (!most.is_number_unsigned() || most < rate_hz_ / 1000 * kFrameMs * 2)
            throw jackfield::Failure(JF_UNSUPPORTED, "20 ms of L16 do not fit into such a payload; a lower rate would");
        return std::make_unique<Encoder>(rate_hz_, sink);
    }
    std::unique_ptr<jackfield::Decoder> open_decoder(std::string_view config_json, jackfield::FrameSink sink) override
    {
        agreed(config_json);
        return std::make_unique<Decoder>(rate_hz_, sink);
    }

private:
    static json agreed(std::string_view config_json)
    {
        json config = json::parse(config_json, nullptr, false);
        if (!config.is_object() || config.value("name", json()) != "L16")
            throw jackfield::Failure(JF_UNSUPPORTED, "there is one codec here: L16 would work");
        return config;
    }

    std::uint32_t rate_hz_ = 0;
};

} // namespace

// The one symbol that the library exports. Id and version come from CMakeLists.txt, so that the manifest agrees.
JF_PLUGIN(Codec)
