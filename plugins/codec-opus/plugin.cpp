// codec-opus: Opus (RFC 6716, RFC 7587).
//
// Threads: capabilities on any, opening on workers, several at once. Lifetime: encoders and decoders live on their own;
// the instance keeps only its options.
#include <shared/codec/opus.hpp>

#include <jackfield/plugin.hpp>

namespace jackfield::codec {

namespace {

class OpusCodec final : public Codec {
public:
    OpusCodec(Host host, std::string_view config_json) : Codec(host), options_(read_opus_options(config_json, "")) {}

    std::string capabilities() override { return capabilities_json({opus_entry(options_)}); }

    std::unique_ptr<Encoder> open_encoder(std::string_view config_json, PayloadSink sink) override
    {
        return std::make_unique<OpusAudioEncoder>(options_, opus_stream(config_json), sink);
    }

    std::unique_ptr<Decoder> open_decoder(std::string_view config_json, FrameSink sink) override
    {
        return std::make_unique<OpusAudioDecoder>(options_, opus_stream(config_json), sink);
    }

private:
    static Stream opus_stream(std::string_view config_json)
    {
        Stream stream = read_stream(config_json);
        find_offered({"opus"}, stream.name, JACKFIELD_PLUGIN_ID);
        return stream;
    }

    OpusOptions options_;
};

} // namespace

} // namespace jackfield::codec

JF_PLUGIN(jackfield::codec::OpusCodec);
