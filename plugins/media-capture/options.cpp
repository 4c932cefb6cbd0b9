// Reads options. See options.hpp.

#include "options.hpp"

#include <jackfield/basic.hpp>

#include <nlohmann/json.hpp>

#include <string>

namespace media_capture {

namespace {

using Json = nlohmann::json;

void read(const Json& config, const char* key, int least, int most, int step, int& value)
{
    const auto found = config.find(key);
    if (found == config.end())
        return;
    if (!found->is_number_integer() || found->get<std::int64_t>() < least || found->get<std::int64_t>() > most ||
        found->get<std::int64_t>() % step != 0)
        throw jackfield::ConfigError("/" + std::string(key) + ": expected " + (step == 2 ? "an even" : "a whole") +
                                     " number from " + std::to_string(least) + " to " + std::to_string(most));
    value = found->get<int>();
}

} // namespace

Options read_options(std::string_view config_json)
{
    const Json config = Json::parse(config_json, nullptr, /*allow_exceptions=*/false);
    if (!config.is_object())
        throw jackfield::ConfigError(": expected a JSON object; {} would work");
    Options options;
    read(config, "width_px", 16, 4096, 2, options.width_px);
    read(config, "height_px", 16, 4096, 2, options.height_px);
    read(config, "frame_rate", 1, 120, 1, options.frame_rate);
    read(config, "screen_frame_rate", 1, 60, 1, options.screen_frame_rate);
    if (const auto pointer = config.find("show_pointer"); pointer != config.end()) {
        if (!pointer->is_boolean())
            throw jackfield::ConfigError("/show_pointer: expected true or false");
        options.show_pointer = pointer->get<bool>();
    }
    return options;
}

} // namespace media_capture
