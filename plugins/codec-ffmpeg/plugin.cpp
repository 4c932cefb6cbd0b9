// codec-ffmpeg: what it can do, and which class does it.
//
// Threads: capabilities on any, opening on workers, several at once. Lifetime: encoders and decoders live on their own;
// the instance keeps only its options.
#include "options.hpp"
#include "pictures.hpp"

#include <shared/codec/g711.hpp>
#include <shared/codec/opus.hpp>

#include <jackfield/late_part.hpp>
#include <jackfield/plugin.hpp>

namespace jackfield::codec {

namespace {

/// Constrained baseline, level 3.1 (1280x720 at 30 pictures a second); RFC 6184 section 8.1.
constexpr std::string_view kH264Parameters = "profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1";

/// Main profile, level 3.1 (the same), main tier; RTP Payload Format For AV1, section 7.2.
constexpr std::string_view kAv1Parameters = "profile=0;level-idx=5;tier=0";

/// What the libavcodec we were built with can do.
bool available([[maybe_unused]] const std::string& name)
{
#ifndef JACKFIELD_AVCODEC_HAS_VP8
    if (name == "VP8")
        return false;
#endif
#ifndef JACKFIELD_AVCODEC_HAS_H264
    if (name == "H264")
        return false;
#endif
#ifndef JACKFIELD_AVCODEC_HAS_AV1
    if (name == "AV1")
        return false;
#endif
    return true;
}

VideoFormat format_of(const std::string& name)
{
    return name == "VP8" ? VideoFormat::vp8 : name == "AV1" ? VideoFormat::av1 : VideoFormat::h264;
}

std::string_view parameters_of(const std::string& name)
{
    return name == "H264" ? kH264Parameters : name == "AV1" ? kAv1Parameters : std::string_view{};
}

class FfmpegCodec final : public Codec {
public:
    FfmpegCodec(Host host, std::string_view config_json) : Codec(host), options_(read_options(config_json))
    {
        std::erase_if(options_.codecs, [&](const std::string& name) {
            if (available(name))
                return false;
            host_.warning("codec-ffmpeg: this libavcodec has no encoder or decoder for " + name + "; not offered");
            return true;
        });
    }

    std::string capabilities() override
    {
        std::vector<Entry> entries;
        for (const auto& name : options_.codecs) {
            if (name == "opus")
                entries.push_back(opus_entry(options_.opus));
            else if (const auto law = g711_law(name))
                entries.push_back(g711_entry(*law));
            else
                entries.push_back(video_entry(name, parameters_of(name)));
        }
        return capabilities_json(entries);
    }

    std::unique_ptr<Encoder> open_encoder(std::string_view config_json, PayloadSink sink) override
    {
        const Stream stream = read_stream(config_json);
        const std::string& name = find_offered(options_.codecs, stream.name, JACKFIELD_PLUGIN_ID);
        if (name == "opus")
            return std::make_unique<OpusAudioEncoder>(options_.opus, stream, sink);
        if (const auto law = g711_law(name))
            return std::make_unique<G711Encoder>(*law, sink);
        return pictures_.open().make_encoder(format_of(name), options_, stream, sink);
    }

    std::unique_ptr<Decoder> open_decoder(std::string_view config_json, FrameSink sink) override
    {
        const Stream stream = read_stream(config_json);
        const std::string& name = find_offered(options_.codecs, stream.name, JACKFIELD_PLUGIN_ID);
        if (name == "opus")
            return std::make_unique<OpusAudioDecoder>(options_.opus, stream, sink);
        if (const auto law = g711_law(name))
            return std::make_unique<G711Decoder>(*law, sink);
        return pictures_.open().make_decoder(format_of(name), stream, sink);
    }

private:
    Options options_;
    LatePart<Pictures> pictures_{"codec-ffmpeg-pictures"};
};

} // namespace

} // namespace jackfield::codec

JF_PLUGIN(jackfield::codec::FfmpegCodec);
