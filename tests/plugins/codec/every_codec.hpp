// Every codec of every codec plugin of this build, as its plugin describes it. A new plugin takes part by being there.
//
// Threads: the test's. Lifetime: plain values.
#pragma once

#include "all_codecs.hpp"
#include "codec_fixture.hpp"

#include <nlohmann/json.hpp>

#include <cctype>
#include <sstream>
#include <string>
#include <vector>

namespace jackfield::codec::testing {

/// One entry of the capabilities of one plugin.
struct CodecCase {
    std::string plugin;
    nlohmann::json options; // with which it has all its codecs
    nlohmann::json entry;

    std::string name() const { return entry["name"]; }

    /// The entry as it would be negotiated with a peer like us, with more keys in it.
    std::string config(const nlohmann::json& more = nlohmann::json::object()) const
    {
        nlohmann::json whole = entry;
        whole.erase("default_bitrate_bps");
        whole.update(more);
        return whole.dump();
    }
};

/// JACKFIELD_CODEC_PLUGINS names the plugins, with commas between.
inline std::vector<CodecCase> every_codec(const std::string& kind)
{
    std::vector<CodecCase> cases;
    std::istringstream list(JACKFIELD_CODEC_PLUGINS);
    for (std::string id; std::getline(list, id, ',');) {
        const auto options = options_for_all(id);
        const CodecPlugin plugin(id, options.dump());
        const auto capabilities = nlohmann::json::parse(plugin.capabilities());
        for (const auto& entry : capabilities["codecs"]) {
            if (entry["kind"] == kind)
                cases.push_back({id, options, entry});
        }
    }
    return cases;
}

/// "codec_vpx_VP9", as a name of a test may be.
inline std::string case_name(const ::testing::TestParamInfo<CodecCase>& info)
{
    std::string name = info.param.plugin + "_" + info.param.name();
    for (char& c : name)
        c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
    return name;
}

inline void PrintTo(const CodecCase& codec, std::ostream* out)
{
    *out << codec.plugin << " " << codec.name();
}

} // namespace jackfield::codec::testing
