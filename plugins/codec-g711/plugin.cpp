// codec-g711: PCMU and PCMA (RFC 3551).
//
// Threads: capabilities on any, opening on workers, several at once. Lifetime: encoders and decoders live on their own;
// the instance keeps only its options.
#include <shared/codec/g711.hpp>
#include <shared/codec/stream.hpp>

#include <jackfield/plugin.hpp>

namespace jackfield::codec {

namespace {

constexpr std::array<std::string_view, 2> kAll{"PCMU", "PCMA"};

class G711Codec final : public Codec {
public:
    G711Codec(Host host, std::string_view config_json) : Codec(host), names_(offered_names(config_json, kAll)) {}

    std::string capabilities() override
    {
        std::vector<Entry> entries;
        for (const auto& name : names_)
            entries.push_back(g711_entry(*g711_law(name)));
        return capabilities_json(entries);
    }

    std::unique_ptr<Encoder> open_encoder(std::string_view config_json, PayloadSink sink) override
    {
        return std::make_unique<G711Encoder>(law_of(config_json), sink);
    }

    std::unique_ptr<Decoder> open_decoder(std::string_view config_json, FrameSink sink) override
    {
        return std::make_unique<G711Decoder>(law_of(config_json), sink);
    }

private:
    G711Law law_of(std::string_view config_json) const
    {
        return *g711_law(find_offered(names_, read_stream(config_json).name, JACKFIELD_PLUGIN_ID));
    }

    std::vector<std::string> names_; // in order of preference
};

} // namespace

} // namespace jackfield::codec

JF_PLUGIN(jackfield::codec::G711Codec);
