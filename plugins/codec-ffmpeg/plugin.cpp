// codec-ffmpeg: what it can do, and which class does it.
//
// Threads: capabilities on any, opening on workers, several at once. Lifetime: encoders and decoders live on their own;
// the instance keeps only its options.
#include "codec_config.hpp"
#include "g711.hpp"
#include "opus.hpp"
#include "pictures.hpp"

#include <jackfield/codec.hpp>
#include <jackfield/late_part.hpp>
#include <jackfield/plugin.hpp>

#include <nlohmann/json.hpp>

namespace jackfield::codec {

namespace {

using Json = nlohmann::json;

constexpr int kVideoClockHz = 90'000;

Json audio_entry(std::string_view name, int rate_hz, int channels, Json payload_type, std::uint32_t bitrate_bps)
{
    return {{"name", name},
            {"kind", "audio"},
            {"clock_rate_hz", rate_hz},
            {"channels", channels},
            {"sample_rate_hz", rate_hz},
            {"frame_ms", 20},
            {"static_payload_type", std::move(payload_type)},
            {"default_bitrate_bps", bitrate_bps}};
}

Json video_entry(std::string_view name)
{
    return {{"name", name},
            {"kind", "video"},
            {"clock_rate_hz", kVideoClockHz},
            {"static_payload_type", nullptr},
            {"feedback", {"nack pli", "ccm fir"}},
            {"default_bitrate_bps", default_video_bitrate(1280, 720)}};
}

/// RFC 7587 section 7: always 48000 and 2 channels; the rest is said in parameters.
Json opus_entry(const Options& options)
{
    Json entry = audio_entry("opus", 48'000, 2, nullptr, kOpusDefaultBitrate);
    std::string parameters = options.opus_fec ? "useinbandfec=1" : "";
    if (options.opus_stereo)
        parameters += parameters.empty() ? "stereo=1;sprop-stereo=1" : ";stereo=1;sprop-stereo=1";
    if (!parameters.empty())
        entry["parameters"] = parameters;
    return entry;
}

/// Constrained baseline, level 3.1 (1280x720 at 30 pictures a second); RFC 6184 section 8.1.
Json h264_entry()
{
    Json entry = video_entry("H264");
    entry["parameters"] = "profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1";
    return entry;
}

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
    return true;
}

VideoFormat format_of(const std::string& name)
{
    return name == "VP8" ? VideoFormat::vp8 : VideoFormat::h264;
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
        Json list = Json::array();
        for (const auto& name : options_.codecs) {
            if (name == "opus")
                list.push_back(opus_entry(options_));
            else if (name == "PCMU" || name == "PCMA")
                list.push_back(audio_entry(name, 8000, 1, name == "PCMU" ? 0 : 8, 64'000));
            else
                list.push_back(name == "VP8" ? video_entry(name) : h264_entry());
        }
        return Json{{"codecs", std::move(list)}}.dump();
    }

    std::unique_ptr<Encoder> open_encoder(std::string_view config_json, PayloadSink sink) override
    {
        const Stream stream = read_stream(config_json);
        const std::string& name = offered(stream.name);
        if (name == "opus")
            return std::make_unique<OpusAudioEncoder>(options_, stream, sink);
        if (name == "PCMU" || name == "PCMA")
            return std::make_unique<G711Encoder>(name == "PCMU" ? G711Law::mu : G711Law::a, sink);
        return pictures_.open().make_encoder(format_of(name), options_, stream, sink);
    }

    std::unique_ptr<Decoder> open_decoder(std::string_view config_json, FrameSink sink) override
    {
        const Stream stream = read_stream(config_json);
        const std::string& name = offered(stream.name);
        if (name == "opus")
            return std::make_unique<OpusAudioDecoder>(options_, stream, sink);
        if (name == "PCMU" || name == "PCMA")
            return std::make_unique<G711Decoder>(name == "PCMU" ? G711Law::mu : G711Law::a, sink);
        return pictures_.open().make_decoder(format_of(name), stream, sink);
    }

private:
    const std::string& offered(const std::string& name) const
    {
        std::string list;
        for (const auto& known : options_.codecs) {
            if (same_name(known, name))
                return known;
            list += (list.empty() ? "" : ", ") + known;
        }
        throw Failure(JF_UNSUPPORTED,
                      "/name: codec-ffmpeg has no codec \"" + name.substr(0, 32) +
                          "\"; what would work: " + (list.empty() ? "nothing, all are excluded" : list));
    }

    Options options_;
    LatePart<Pictures> pictures_{"codec-ffmpeg-pictures"};
};

} // namespace

} // namespace jackfield::codec

JF_PLUGIN(jackfield::codec::FfmpegCodec);
