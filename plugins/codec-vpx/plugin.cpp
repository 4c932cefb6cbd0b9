// codec-vpx: VP8 (RFC 7741) and VP9 (RFC 9628).
//
// Threads: capabilities on any, opening on workers, several at once. Lifetime: encoders and decoders live on their own;
// the instance keeps only its options.
#include "options.hpp"
#include "vpx_decoder.hpp"
#include "vpx_encoder.hpp"

#include <shared/codec/offer.hpp>

#include <jackfield/plugin.hpp>

namespace jackfield::codec {

namespace {

class VpxCodec final : public Codec {
public:
    VpxCodec(Host host, std::string_view config_json) : Codec(host), options_(read_vpx_options(config_json)) {}

    std::string capabilities() override
    {
        std::vector<Entry> entries;
        for (const auto& name : options_.codecs)
            entries.push_back(video_entry(name, name == "VP9" ? "profile-id=0" : "")); // RFC 9628 section 6
        return capabilities_json(entries);
    }

    std::unique_ptr<Encoder> open_encoder(std::string_view config_json, PayloadSink sink) override
    {
        const Stream stream = read_stream(config_json);
        return std::make_unique<VpxEncoder>(format_of(stream), options_, stream, sink);
    }

    std::unique_ptr<Decoder> open_decoder(std::string_view config_json, FrameSink sink) override
    {
        return std::make_unique<VpxDecoder>(format_of(read_stream(config_json)), sink);
    }

private:
    VpxFormat format_of(const Stream& stream) const
    {
        return find_offered(options_.codecs, stream.name, JACKFIELD_PLUGIN_ID) == "VP8" ? VpxFormat::vp8
                                                                                        : VpxFormat::vp9;
    }

    VpxOptions options_;
};

} // namespace

} // namespace jackfield::codec

JF_PLUGIN(jackfield::codec::VpxCodec);
