// Options with which a codec plugin has all its codecs, also those that are there only on request.
//
// Threads: any. Lifetime: values.
#pragma once

#include <nlohmann/json.hpp>

#include <fstream>
#include <string>

namespace jackfield::codec::testing {

/// A preference that names every codec which the schema of the plugin knows, if it has one.
inline nlohmann::json options_for_all(const std::string& plugin)
{
    std::ifstream file(JACKFIELD_TEST_PLUGIN_DIR "/" + plugin + ".schema.json");
    const auto schema = nlohmann::json::parse(file);
    const nlohmann::json::json_pointer names("/properties/prefer/items/enum");
    return schema.contains(names) ? nlohmann::json{{"prefer", schema[names]}} : nlohmann::json::object();
}

} // namespace jackfield::codec::testing
