// jackfield.codec/1: every codec that the plugin says it has.
//
// Threads: the test's; encoders and decoders call their sinks inside a call. Lifetime: they go before their instance.
#include "lists.hpp"
#include "path_tests.hpp"
#include "random_calls.hpp"

#include <jackfield/abi/codec.h>

#include <nlohmann/json.hpp>

#include <cmath>
#include <numbers>

namespace jackfield::conformance {

namespace codecs {
namespace {

using Json = nlohmann::json;

constexpr std::uint32_t kWidth = 160;
constexpr std::uint32_t kHeight = 120;

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
std::string negotiated(Json entry, bool encoder)
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

void says_what_it_has(Bench& bench)
{
    const Plugin plugin(bench);
    require(plugin.capabilities.contains("codecs") && !plugin.capabilities["codecs"].empty(), "no codecs are named");
    for (const Json& entry : plugin.capabilities["codecs"]) {
        const std::string kind = entry.value("kind", "");
        require(!entry.value("name", "").empty() && (kind == "audio" || kind == "video"),
                "an entry lacks name or kind");
        require(entry.contains("clock_rate_hz") && entry["clock_rate_hz"].is_number_unsigned(),
                "clock_rate_hz is missing");
        require(kind == "video" || entry.value("sample_rate_hz", 0U) > 0, "sample_rate_hz is missing");
        const Decoder decoder(plugin, entry);
        const Encoder encoder(plugin, entry);
    }
    Json unknown = plugin.capabilities["codecs"][0];
    unknown["name"] = "unheard-of";
    jf_decoder raw{};
    jf_error error = no_error();
    const Status status =
        plugin.methods().open_decoder(plugin.self(), to_text(negotiated(unknown, false)), {}, &raw, &error);
    require_status(status, JF_UNSUPPORTED, "open of a codec that it has not");
    require(error.text[0] != '\0', "open fails without a word");
}

void sound_survives(Bench& bench)
{
    const Plugin plugin(bench);
    plugin.for_each("audio", [&](const Json& entry) {
        Encoder encoder(plugin, entry);
        Decoder decoder(plugin, entry);
        Tone tone(entry);
        for (int i = 0; i < 40; ++i)
            require_status(decoder.decode(encoder.encoded(tone.next())), JF_OK, "decode of what was encoded");
        std::vector<float> heard;
        for (std::size_t i = 10; i < decoder.got.size(); ++i)
            heard.insert(heard.end(), decoder.got[i].samples.begin(), decoder.got[i].samples.end());
        require(!heard.empty(), "nothing is heard");
        const double share = tone.share(heard, decoder.got.back().frame.channels);
        require(share > 0.95, "of what is heard only " + std::to_string(share) + " is what was said");
    });
}

void pictures_survive(Bench& bench)
{
    const Plugin plugin(bench);
    plugin.for_each("video", [&](const Json& entry) {
        Encoder encoder(plugin, entry);
        Decoder decoder(plugin, entry);
        for (int i = 0; i < 12; ++i) {
            const Picture picture(i);
            decoder.decode(encoder.encoded(picture.frame()));
            require(decoder.got.size() == static_cast<std::size_t>(i) + 1, "one picture in, not one out");
            const double likeness = picture.likeness(decoder.got.back());
            require(likeness > 26, "a picture comes out with " + std::to_string(likeness) + " dB");
        }
    });
}

void payloads_fit(Bench& bench)
{
    const Plugin plugin(bench);
    for (const Json& entry : plugin.capabilities["codecs"]) {
        const bool video = entry["kind"] == "video";
        Encoder encoder(plugin, entry);
        Tone tone(video ? Json{{"sample_rate_hz", 48'000}} : entry);
        std::optional<std::uint32_t> first;
        const std::uint32_t step = entry["clock_rate_hz"].get<std::uint32_t>() / (video ? 25 : 50);
        for (int i = 0; i < 5; ++i) {
            const Picture picture(i);
            const auto sent = encoder.encoded(video ? picture.frame() : tone.next());
            require(!sent.empty(), entry["name"].get<std::string>() + ": a frame becomes no payload");
            if (!first)
                first = sent[0].payload.rtp_timestamp;
            for (const Sent& each : sent) {
                require(each.bytes.size() <= 500,
                        "a payload of " + std::to_string(each.bytes.size()) + " bytes; 500 were allowed");
                require(each.payload.rtp_timestamp - *first == static_cast<std::uint32_t>(i) * step,
                        "rtp_timestamp does not follow the clock rate");
                require(!video || each.payload.marker == (&each == &sent.back() ? 1 : 0),
                        "the marker is not on the last payload of a picture alone");
            }
        }
    }
}

void key_frames_begin(Bench& bench)
{
    const Plugin plugin(bench);
    plugin.for_each("video", [&](const Json& entry) {
        Encoder encoder(plugin, entry);
        Decoder late(plugin, entry);
        encoder.encoded(Picture(0).frame());
        late.decode(encoder.encoded(Picture(1).frame()));
        require(late.got.empty(), "a decoder shows something before it has a key frame");
        const auto delta = encoder.encoded(Picture(2).frame());
        require_status(late.decode(delta), JF_WOULD_BLOCK, "decode of a picture that needs one that was missed");
        encoder.request_key_frame();
        const Picture wanted(3);
        late.decode(encoder.encoded(wanted.frame()));
        require(late.got.size() == 1, "after request_key_frame the next picture is no key frame");
        require(wanted.likeness(late.got[0]) > 26, "after a key frame another picture is shown");
    });
}

void garbage_harms_nothing(Bench& bench)
{
    const Plugin plugin(bench);
    for (const Json& entry : plugin.capabilities["codecs"]) {
        const bool video = entry["kind"] == "video";
        Encoder encoder(plugin, entry);
        Decoder decoder(plugin, entry);
        Tone tone(video ? Json{{"sample_rate_hz", 48'000}} : entry);
        for (unsigned i = 0; i < 200; ++i) {
            Sent noise;
            noise.payload.struct_size = sizeof(jf_payload);
            noise.payload.marker = i % 3 == 0;
            noise.payload.rtp_timestamp = i * 960;
            noise.bytes = pattern(i * 37 % 1500, i);
            const Status status = decoder.decode(noise);
            require(status == JF_OK || status == JF_WOULD_BLOCK || status == JF_BAD_INPUT,
                    "decode of noise gives " + status_name(status));
        }
        if (!video)
            require_status(decoder.decode(Sent{}), JF_BAD_INPUT, "decode of an empty payload of sound");
        decoder.got.clear();
        const Picture picture(0);
        for (int i = 0; i < 3; ++i) {
            if (video)
                encoder.request_key_frame();
            decoder.decode(encoder.encoded(video ? picture.frame() : tone.next()));
        }
        require(!decoder.got.empty(),
                entry["name"].get<std::string>() + ": after noise nothing good is decoded any more");
    }
}

void losses_are_concealed(Bench& bench)
{
    const Plugin plugin(bench);
    plugin.for_each("audio", [&](const Json& entry) {
        Encoder encoder(plugin, entry);
        Decoder decoder(plugin, entry);
        Tone tone(entry);
        for (int i = 0; i < 20; ++i)
            decoder.decode(encoder.encoded(tone.next()));
        decoder.got.clear();
        encoder.encoded(tone.next());
        encoder.encoded(tone.next());
        const auto sent = encoder.encoded(tone.next());
        require(sent.size() == 1, "20 ms of sound become " + std::to_string(sent.size()) + " payloads");
        require_status(decoder.decode(sent[0], 2), JF_OK, "decode behind a gap");
        require(decoder.got.size() == 3, "behind a gap of two " + std::to_string(decoder.got.size()) + " frames come");
        for (std::size_t i = 0; i < 3; ++i) {
            require(decoder.got[i].frame.concealed == (i < 2 ? 1U : 0U),
                    "concealed is not said of what was made up, and of that alone");
            require(std::abs(decoder.got[i].frame.time_ns - decoder.got[2].frame.time_ns +
                             static_cast<std::int64_t>(2 - i) * 20'000'000) < 1'000'000,
                    "what was made up has not the time of what was lost");
        }
    });
}

/// Encoders and decoders of every codec come and go; decoders get what was encoded for whomever, or noise.
class CodecScene final : public Scene {
public:
    CodecScene(Bench& bench, Chance& chance) : plugin_(bench), chance_(chance)
    {
        moves = {{"open_encoder", [this] { open(encoders_); }},
                 {"open_decoder", [this] { open(decoders_); }},
                 {"encode", [this] { encode(); }},
                 {"encode", [this] { encode(); }},
                 {"request_key_frame", [this] { with_any(encoders_, [](Encoder& one) { one.request_key_frame(); }); }},
                 {"decode", [this] { with_any(decoders_, [&](Decoder& one) { one.decode(any_payload(), lost()); }); }},
                 {"decode", [this] { with_any(decoders_, [&](Decoder& one) { one.decode(any_payload(), lost()); }); }},
                 {"release of an encoder", [this] { release(encoders_); }},
                 {"release of a decoder", [this] { release(decoders_); }}};
    }

private:
    template <class Coder>
    struct Open {
        Json entry;
        std::unique_ptr<Coder> coder;
    };

    template <class Coder>
    void open(std::vector<Open<Coder>>& coders)
    {
        const Json& all = plugin_.capabilities.at("codecs");
        const Json& entry = all.at(upto(chance_, all.size() - 1));
        if (coders.size() < 3)
            coders.push_back({entry, std::make_unique<Coder>(plugin_, entry)});
    }
    template <class Coder>
    void release(std::vector<Open<Coder>>& coders)
    {
        if (!coders.empty())
            coders.erase(coders.begin() + static_cast<long>(upto(chance_, coders.size() - 1)));
    }
    template <class Coder, class Action>
    void with_any(std::vector<Open<Coder>>& coders, Action&& action)
    {
        if (!coders.empty())
            action(*coders[upto(chance_, coders.size() - 1)].coder);
    }
    void encode()
    {
        if (encoders_.empty())
            return;
        auto& [entry, encoder] = encoders_[upto(chance_, encoders_.size() - 1)];
        const bool sound = entry.at("kind") == "audio";
        Tone tone(sound ? entry : Json{{"sample_rate_hz", 8000}});
        const Picture picture(static_cast<int>(upto(chance_, 20)));
        auto sent = encoder->encoded(sound ? tone.next() : picture.frame());
        std::ranges::move(sent, std::back_inserter(sent_));
    }
    Sent any_payload()
    {
        if (!sent_.empty() && upto(chance_, 2) != 0)
            return sent_[upto(chance_, sent_.size() - 1)];
        Sent noise;
        noise.payload.struct_size = sizeof(noise.payload);
        noise.bytes = pattern(upto(chance_, 400), static_cast<unsigned>(chance_()));
        return noise;
    }
    std::uint16_t lost() { return static_cast<std::uint16_t>(upto(chance_, 4) == 0 ? upto(chance_, 3) : 0); }

    Plugin plugin_;
    Chance& chance_;
    std::vector<Open<Encoder>> encoders_;
    std::vector<Open<Decoder>> decoders_;
    std::vector<Sent> sent_;
};

} // namespace
} // namespace codecs

void add_codec_tests(TestList& list)
{
    using namespace codecs;
    const std::string id = JF_CODEC_INTERFACE;
    list.push_back({"JF-COD-01", id, "A codec plugin opens what it says it has", says_what_it_has});
    list.push_back({"JF-COD-02", id, "Sound survives the way there and back", sound_survives});
    list.push_back({"JF-COD-02", id, "Pictures survive the way there and back", pictures_survive});
    list.push_back({"JF-COD-03", id, "Payloads fit, and say when and where a picture ends", payloads_fit});
    list.push_back({"JF-COD-04", id, "A decoder begins with a key frame, and one can be asked for", key_frames_begin});
    list.push_back({"JF-COD-05", id, "Noise harms no decoder", garbage_harms_nothing});
    list.push_back({"JF-COD-06", id, "Lost sound is concealed in its place", losses_are_concealed});
    add_random_tests(list, id, [](Bench& bench, Chance& chance) -> std::unique_ptr<Scene> {
        return std::make_unique<CodecScene>(bench, chance);
    });
}

} // namespace jackfield::conformance
