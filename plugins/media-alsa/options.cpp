// Reads options. See options.hpp.

#include "options.hpp"

#include <jackfield/basic.hpp>

#include <nlohmann/json.hpp>

namespace media_alsa {

Options read_options(std::string_view config_json)
{
    const auto config = nlohmann::json::parse(config_json, nullptr, /*allow_exceptions=*/false);
    if (!config.is_object())
        throw jackfield::ConfigError(": expected a JSON object; {} would work");
    Options options;
    if (const auto latency = config.find("latency_ms"); latency != config.end()) {
        if (!latency->is_number_unsigned() || latency->get<std::uint64_t>() < 5 || latency->get<std::uint64_t>() > 200)
            throw jackfield::ConfigError("/latency_ms: expected a whole number from 5 to 200");
        options.latency_ms = latency->get<unsigned>();
    }
    return options;
}

} // namespace media_alsa
