// Reads the plugin's configuration; errors begin with the JSON pointer of the value.
//
// Threads: control.
#include "options.hpp"

#include "wire.hpp"

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

std::int64_t read_ms(const Json& config, const char* name, std::int64_t otherwise, std::int64_t least,
                     std::int64_t most)
{
    const Json value = config.value(name, Json(otherwise));
    if (!value.is_number_integer() || value.get<std::int64_t>() < least || value.get<std::int64_t>() > most)
        throw ConfigError("/" + std::string(name) + ": expected a whole number from " + std::to_string(least) + " to " +
                          std::to_string(most));
    return value.get<std::int64_t>() * kMillisecondNs;
}

bool read_switch(const Json& config, const char* name)
{
    const Json value = config.value(name, Json(false));
    if (!value.is_boolean())
        throw ConfigError("/" + std::string(name) + ": expected true or false");
    return value.get<bool>();
}

} // namespace

const Suite* Options::find(std::string_view name) const
{
    const auto found =
        std::find_if(suites.begin(), suites.end(), [&](const Suite* suite) { return suite->name == name; });
    return found != suites.end() ? *found : nullptr;
}

Options read_options(std::string_view config_json)
{
    const Json config = Json::parse(config_json, nullptr, /*allow_exceptions=*/false);
    if (!config.is_object())
        throw ConfigError(": expected a JSON object");
    Options options;
    options.suites = read_suites(config);
    options.jitter_min_ns = read_ms(config, "jitter_min_ms", 20, 0, 1000);
    options.jitter_max_ns = read_ms(config, "jitter_max_ms", 200, 0, 2000);
    options.rtcp_interval_ns = read_ms(config, "rtcp_interval_ms", 2500, 100, 60'000);
    options.key_frame_interval_ns = read_ms(config, "key_frame_interval_ms", 250, 10, 60'000);
    options.allow_unencrypted = read_switch(config, "allow_unencrypted");
    options.clear_rtcp = read_switch(config, "clear_rtcp");
    if (options.jitter_max_ns < options.jitter_min_ns)
        throw ConfigError("/jitter_max_ms: less than jitter_min_ms, which is " +
                          std::to_string(options.jitter_min_ns / kMillisecondNs));
    return options;
}

} // namespace jackfield::media_srtp
