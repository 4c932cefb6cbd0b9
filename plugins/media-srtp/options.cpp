// Reads the plugin's configuration; errors begin with the JSON pointer of the value.
//
// Threads: control.
#include "options.hpp"

#include <shared/srtp/suite_options.hpp>

#include <nlohmann/json.hpp>

namespace jackfield::media_srtp {

namespace {

using Json = nlohmann::json;

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
