// Reads the plugin's configuration; errors begin with the JSON pointer of the value.
//
// Threads: control.
#include "options.hpp"

#include <nlohmann/json.hpp>

namespace jackfield::media_srtp {

namespace {

using Json = nlohmann::json;

std::string suite_names()
{
    std::string names;
    for (const Suite& suite : all_suites())
        names += (names.empty() ? "" : ", ") + std::string(suite.name);
    return names;
}

std::vector<const Suite*> read_suites(const Json& config)
{
    std::vector<const Suite*> suites;
    if (!config.contains("suites")) {
        for (const Suite& suite : all_suites())
            suites.push_back(&suite);
        return suites;
    }
    if (!config["suites"].is_array() || config["suites"].empty())
        throw ConfigError("/suites: expected a list of at least one of " + suite_names());
    for (const Json& name : config["suites"]) {
        const std::string place = "/suites/" + std::to_string(suites.size());
        const Suite* suite = name.is_string() ? find_suite(name.get_ref<const std::string&>()) : nullptr;
        if (suite == nullptr)
            throw ConfigError(place + ": no suite " + name.dump() + "; available: " + suite_names());
        if (std::find(suites.begin(), suites.end(), suite) != suites.end())
            throw ConfigError(place + ": " + name.dump() + " is listed twice");
        suites.push_back(suite);
    }
    return suites;
}

bool read_switch(const Json& config, const char* name)
{
    const Json value = config.value(name, Json(false));
    if (!value.is_boolean())
        throw ConfigError("/" + std::string(name) + ": expected true or false");
    return value.get<bool>();
}

} // namespace

Options read_options(std::string_view config_json)
{
    const Json config = Json::parse(config_json, nullptr, /*allow_exceptions=*/false);
    if (!config.is_object())
        throw ConfigError(": expected a JSON object");
    Options options;
    static_cast<RtpOptions&>(options) = read_rtp_options(config_json);
    options.suites = read_suites(config);
    options.allow_unencrypted = read_switch(config, "allow_unencrypted");
    options.clear_rtcp = read_switch(config, "clear_rtcp");
    return options;
}

} // namespace jackfield::media_srtp
