// Reads the options; errors begin with the JSON pointer of the value.
//
// Threads: control.
#include "options.hpp"

#include "wire.hpp"

#include <jackfield/basic.hpp>

#include <nlohmann/json.hpp>

namespace jackfield::rtp {

namespace {

using Json = nlohmann::json;

std::int64_t read_ms(const Json& config, const char* name, std::int64_t otherwise, std::int64_t least,
                     std::int64_t most)
{
    const Json value = config.value(name, Json(otherwise));
    if (!value.is_number_integer() || value.get<std::int64_t>() < least || value.get<std::int64_t>() > most)
        throw ConfigError("/" + std::string(name) + ": expected a whole number from " + std::to_string(least) + " to " +
                          std::to_string(most));
    return value.get<std::int64_t>() * kMillisecondNs;
}

} // namespace

RtpOptions read_rtp_options(std::string_view config_json)
{
    const Json config = Json::parse(config_json, nullptr, /*allow_exceptions=*/false);
    if (!config.is_object())
        throw ConfigError(": expected a JSON object");
    RtpOptions options;
    options.jitter_min_ns = read_ms(config, "jitter_min_ms", 10, 0, 1000);
    options.jitter_max_ns = read_ms(config, "jitter_max_ms", 200, 0, 2000);
    options.rtcp_interval_ns = read_ms(config, "rtcp_interval_ms", 2500, 100, 60'000);
    options.key_frame_interval_ns = read_ms(config, "key_frame_interval_ms", 250, 10, 60'000);
    if (options.jitter_max_ns < options.jitter_min_ns)
        throw ConfigError("/jitter_max_ms: less than jitter_min_ms, which is " +
                          std::to_string(options.jitter_min_ns / kMillisecondNs));
    return options;
}

} // namespace jackfield::rtp
