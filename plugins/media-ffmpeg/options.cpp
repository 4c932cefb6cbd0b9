// Reads options. See options.hpp.

#include "options.hpp"

#include <jackfield/basic.hpp>

#include <nlohmann/json.hpp>

#include <array>

namespace media_ffmpeg {

namespace {

using Json = nlohmann::json;

constexpr std::array<std::string_view, 5> kSourceKeys{"loop", "test_width_px", "test_height_px", "test_frame_rate",
                                                      "test_tone_hz"};
constexpr std::array<std::string_view, 4> kRecordKeys{"record_existing", "record_sound", "record_video_kbps",
                                                      "record_sides"};

template <std::size_t size>
Json read_config(std::string_view text, const std::array<std::string_view, size>& foreign, const char* ours,
                 const char* theirs)
{
    Json config = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (!config.is_object())
        throw jackfield::ConfigError("/: expected a JSON object");
    for (const auto key : foreign) {
        if (config.contains(key))
            throw jackfield::ConfigError("/" + std::string(key) + ": means nothing to " + ours + "; in " + theirs +
                                         " it would work");
    }
    return config;
}

std::uint32_t read_number(const Json& config, const char* key, std::uint32_t otherwise, std::uint32_t least,
                          std::uint32_t most)
{
    const Json value = config.value(key, Json(otherwise));
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() < least || value.get<std::uint64_t>() > most)
        throw jackfield::ConfigError("/" + std::string(key) + ": expected a whole number from " +
                                     std::to_string(least) + " to " + std::to_string(most));
    return value.get<std::uint32_t>();
}

std::uint32_t read_side(const Json& config, const char* key, std::uint32_t otherwise)
{
    const auto side = read_number(config, key, otherwise, 16, 4096);
    if (side % 2 != 0)
        throw jackfield::ConfigError("/" + std::string(key) + ": expected an even number, as codecs want them");
    return side;
}

template <class Value, std::size_t size>
Value read_choice(const Json& config, const char* key,
                  const std::array<std::pair<std::string_view, Value>, size>& choices)
{
    if (!config.contains(key))
        return choices.front().second;
    std::string names;
    for (const auto& [name, value] : choices) {
        if (config[key] == name)
            return value;
        names += (names.empty() ? "" : ", ") + std::string(name);
    }
    throw jackfield::ConfigError("/" + std::string(key) + ": expected one of " + names);
}

bool read_switch(const Json& json, const char* key, bool otherwise, jackfield::Status status)
{
    const Json value = json.value(key, Json(otherwise));
    if (!value.is_boolean())
        throw jackfield::Failure(status, "/" + std::string(key) + ": expected true or false");
    return value.get<bool>();
}

Json read_open(std::string_view text)
{
    Json options = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (!options.is_object())
        throw jackfield::Failure(JF_BAD_INPUT, "the options are no JSON object");
    return options;
}

} // namespace

SourceOptions read_source_options(std::string_view config_json)
{
    const Json config = read_config(config_json, kRecordKeys, "media_source", "media_sink");
    SourceOptions options;
    options.loop = read_switch(config, "loop", false, JF_BAD_CONFIG);
    options.test.width_px = read_side(config, "test_width_px", options.test.width_px);
    options.test.height_px = read_side(config, "test_height_px", options.test.height_px);
    options.test.frame_rate = read_number(config, "test_frame_rate", options.test.frame_rate, 1, 120);
    options.test.tone_hz = read_number(config, "test_tone_hz", options.test.tone_hz, 20, 20'000);
    return options;
}

RecordOptions read_record_options(std::string_view config_json)
{
    using namespace std::string_view_literals;
    const Json config = read_config(config_json, kSourceKeys, "media_sink", "media_source");
    RecordOptions options;
    options.existing =
        read_choice(config, "record_existing",
                    std::array{std::pair{"replace"sv, Existing::replace}, std::pair{"refuse"sv, Existing::refuse},
                               std::pair{"number"sv, Existing::number}});
    options.sound = read_choice(config, "record_sound",
                                std::array{std::pair{"by-file"sv, Sound::by_file}, std::pair{"pcm"sv, Sound::pcm},
                                           std::pair{"opus"sv, Sound::opus}});
    options.sides = read_choice(config, "record_sides",
                                std::array{std::pair{"mixed"sv, Sides::mixed}, std::pair{"tracks"sv, Sides::tracks}});
    options.video_kbps = read_number(config, "record_video_kbps", 0, 0, 100'000);
    if (options.video_kbps > 0 && options.video_kbps < 50)
        throw jackfield::ConfigError("/record_video_kbps: expected 0 or a whole number from 50 to 100000");
    return options;
}

OpenSource read_open_source(std::string_view options_json, const SourceOptions& defaults)
{
    const Json options = read_open(options_json);
    return {read_switch(options, "realtime", true, JF_BAD_INPUT),
            read_switch(options, "loop", defaults.loop, JF_BAD_INPUT)};
}

OpenSink read_open_sink(std::string_view options_json)
{
    const Json options = read_open(options_json);
    return {read_switch(options, "audio", true, JF_BAD_INPUT), read_switch(options, "video", true, JF_BAD_INPUT),
            read_switch(options, "own_audio", false, JF_BAD_INPUT),
            read_switch(options, "own_video", false, JF_BAD_INPUT)};
}

} // namespace media_ffmpeg
