// Reads the options that every congestion controller has; errors begin with the JSON pointer of the value.
//
// Threads: control.
#include "limits.hpp"

#include <nlohmann/json.hpp>

namespace jackfield::rates {

double read_number(std::string_view config_json, const char* name, double otherwise, double least, double most)
{
    const auto config = nlohmann::json::parse(config_json, nullptr, /*allow_exceptions=*/false);
    if (!config.is_object())
        throw ConfigError(": expected a JSON object");
    const auto found = config.find(name);
    if (found == config.end())
        return otherwise;
    if (!found->is_number() || found->get<double>() < least || found->get<double>() > most)
        throw ConfigError("/" + std::string(name) + ": expected a number from " + nlohmann::json(least).dump() +
                          " to " + nlohmann::json(most).dump());
    return found->get<double>();
}

Limits read_limits(std::string_view config_json)
{
    constexpr double kMost = 1e9;
    Limits limits;
    limits.min_bps = read_number(config_json, "min_bps", 0, 0, kMost);
    limits.max_bps = read_number(config_json, "max_bps", 0, 0, kMost);
    limits.start_bps = read_number(config_json, "start_bps", 0, 0, kMost);
    if (limits.max_bps > 0 && limits.max_bps < limits.min_bps)
        throw ConfigError("/max_bps: less than min_bps, which is " + nlohmann::json(limits.min_bps).dump());
    return limits;
}

} // namespace jackfield::rates
