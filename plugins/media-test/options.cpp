// Reads options. See options.hpp.

#include "options.hpp"

#include <jackfield/basic.hpp>

#include <nlohmann/json.hpp>

#include <string>

namespace media_test {

namespace {

using Json = nlohmann::json;

constexpr std::uint32_t kLeastSideAsked = 16;
constexpr std::uint32_t kMostSideAsked = 4096;

void read(const Json& config, const char* key, std::uint32_t least, std::uint32_t most, std::uint32_t& value)
{
    const auto found = config.find(key);
    if (found == config.end())
        return;
    if (!found->is_number_unsigned() || found->get<std::uint64_t>() < least || found->get<std::uint64_t>() > most)
        throw jackfield::ConfigError("/" + std::string(key) + ": expected a whole number from " +
                                     std::to_string(least) + " to " + std::to_string(most));
    value = found->get<std::uint32_t>();
}

void read_side(const Json& config, const char* key, std::uint32_t& value)
{
    read(config, key, kLeastSideAsked, kMostSideAsked, value);
    if (value % 2 != 0)
        throw jackfield::ConfigError("/" + std::string(key) + ": expected an even number, as codecs want them");
}

} // namespace

Options read_options(std::string_view config_json)
{
    const Json config = Json::parse(config_json, nullptr, /*allow_exceptions=*/false);
    if (!config.is_object())
        throw jackfield::ConfigError("/: expected a JSON object");
    Options options;
    read_side(config, "width_px", options.width_px);
    read_side(config, "height_px", options.height_px);
    read(config, "frame_rate", 1, 120, options.frame_rate);
    read(config, "tone_hz", 20, 20'000, options.tone_hz);
    return options;
}

bool read_realtime(std::string_view options_json)
{
    const Json options = Json::parse(options_json, nullptr, /*allow_exceptions=*/false);
    if (!options.is_object())
        throw jackfield::Failure(JF_BAD_INPUT, "the options are no JSON object");
    const Json realtime = options.value("realtime", Json(true));
    if (!realtime.is_boolean())
        throw jackfield::Failure(JF_BAD_INPUT, "/realtime: expected true or false");
    return realtime.get<bool>();
}

} // namespace media_test
