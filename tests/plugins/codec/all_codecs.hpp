// Which codec plugins there are, and options with which each has all its codecs, also those that are there only on
// request.
//
// Threads: any. Lifetime: values.
#pragma once

#include <jackfield/abi/codec.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace jackfield::codec::testing {

/// A preference that names every codec which the schema of the plugin knows, if it has one.
inline nlohmann::json options_for_all(const std::string& plugin)
{
    std::ifstream file(JACKFIELD_TEST_PLUGIN_DIR "/" + plugin + ".schema.json");
    const auto schema = nlohmann::json::parse(file);
    const nlohmann::json::json_pointer names("/properties/prefer/items/enum");
    return schema.contains(names) ? nlohmann::json{{"prefer", schema[names]}} : nlohmann::json::object();
}

/// The ids of all codec plugins that were built, by their manifests.
inline std::vector<std::string> codec_plugins()
{
    std::vector<std::string> ids;
    for (const auto& file : std::filesystem::directory_iterator(JACKFIELD_TEST_PLUGIN_DIR)) {
        if (!file.path().string().ends_with(".plugin.json"))
            continue;
        std::ifstream text(file.path());
        const auto manifest = nlohmann::json::parse(text);
        const auto& interfaces = manifest["interfaces"];
        if (std::ranges::find(interfaces, JF_CODEC_INTERFACE) != interfaces.end())
            ids.push_back(manifest["id"]);
    }
    std::ranges::sort(ids);
    return ids;
}

} // namespace jackfield::codec::testing
