// jackfield.codec/1: every codec that the plugin says it has.
//
// Threads: the test's. Lifetime: as codec_pair.hpp.
#include "codec_pair.hpp"
#include "lists.hpp"
#include "path_tests.hpp"
#include "random_calls.hpp"

namespace jackfield::conformance {

namespace codecs {
namespace {

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
