// Reads the plugin's options and the configuration of one stream.
//
// Threads: control. Lifetime: free functions.
#include "codec_config.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace jackfield::codec {

namespace {

using Json = nlohmann::json;

constexpr std::uint32_t kBitrate720p = 1'200'000;
constexpr std::uint32_t kMinDefaultBitrate = 150'000;
constexpr std::array<std::string_view, 5> kAll{"opus", "PCMU", "PCMA", "VP8", "H264"};

Json parse_object(std::string_view text)
{
    Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false, /*ignore_comments=*/true);
    if (!json.is_object())
        throw Failure(JF_BAD_INPUT, "/: expected a JSON object");
    return json;
}

std::vector<std::string> read_names(const Json& json, const char* key)
{
    std::vector<std::string> names;
    if (!json.contains(key))
        return names;
    if (!json[key].is_array())
        throw ConfigError(std::string("/") + key + ": expected a list of codec names");
    for (const auto& item : json[key]) {
        const auto* const known =
            item.is_string() ? std::find(kAll.begin(), kAll.end(), item.get_ref<const std::string&>()) : kAll.end();
        if (known == kAll.end())
            throw ConfigError(std::string("/") + key + "/" + std::to_string(names.size()) + ": no codec " +
                              item.dump(-1, ' ', false, Json::error_handler_t::replace) +
                              "; what would work: opus, PCMU, PCMA, VP8, H264");
        names.emplace_back(*known);
    }
    return names;
}

bool contains(const std::vector<std::string>& names, std::string_view name)
{
    return std::find(names.begin(), names.end(), name) != names.end();
}

std::uint32_t read_number(const Json& json, const char* key, std::uint32_t otherwise, std::uint32_t least,
                          std::uint32_t most)
{
    if (!json.contains(key) || json[key].is_null())
        return otherwise;
    if (!json[key].is_number_unsigned() || json[key].get<std::uint64_t>() < least ||
        json[key].get<std::uint64_t>() > most)
        throw Failure(JF_BAD_INPUT, std::string("/") + key + ": expected a whole number from " + std::to_string(least) +
                                        " to " + std::to_string(most));
    return json[key].get<std::uint32_t>();
}

std::string read_text(const Json& json, const char* key)
{
    if (!json.contains(key) || json[key].is_null())
        return {};
    if (!json[key].is_string())
        throw Failure(JF_BAD_INPUT, std::string("/") + key + ": expected text");
    return json[key].get<std::string>();
}

double read_frame_rate(const Json& json)
{
    if (!json.contains("frame_rate") || json["frame_rate"].is_null())
        return 30;
    const auto& value = json["frame_rate"];
    if (!value.is_number() || value.get<double>() < 0 || value.get<double>() > 240)
        throw Failure(JF_BAD_INPUT, "/frame_rate: expected a number from 1 to 240, or 0 for the default");
    return value.get<double>() < 1 ? 30 : value.get<double>();
}

char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string_view trim(std::string_view text)
{
    while (!text.empty() && text.front() == ' ')
        text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ')
        text.remove_suffix(1);
    return text;
}

} // namespace

Options read_options(std::string_view text)
{
    const Json json = parse_object(text);
    Options options;
    const auto preferred = read_names(json, "prefer");
    const auto excluded = read_names(json, "exclude");
    for (const auto& name : preferred) {
        if (!contains(excluded, name))
            options.codecs.push_back(name);
    }
    for (const auto name : kAll) {
        if (!contains(preferred, name) && !contains(excluded, name))
            options.codecs.emplace_back(name);
    }
    options.opus_application = json.value("opus_application", options.opus_application);
    options.opus_complexity = json.value("opus_complexity", options.opus_complexity);
    options.opus_stereo = json.value("opus_stereo", options.opus_stereo);
    options.opus_fec = json.value("opus_fec", options.opus_fec);
    options.key_frame_interval_s = json.value("video_key_frame_interval_s", options.key_frame_interval_s);
    return options;
}

Stream read_stream(std::string_view text)
{
    const Json json = parse_object(text);
    Stream stream;
    stream.name = read_text(json, "name");
    if (stream.name.empty())
        throw Failure(JF_BAD_INPUT, "/name: required, the encoding name of the codec, for example opus");
    stream.parameters = read_text(json, "parameters");
    stream.bitrate_bps = read_number(json, "bitrate_bps", 0, 0, UINT32_MAX);
    stream.max_payload_bytes =
        read_number(json, "max_payload_bytes", stream.max_payload_bytes, kMinPayloadBytes, kMaxPayloadBytes);
    stream.width_px = read_number(json, "width_px", 0, 0, kMaxSidePx);
    stream.height_px = read_number(json, "height_px", 0, 0, kMaxSidePx);
    stream.frame_rate = read_frame_rate(json);
    return stream;
}

std::uint32_t default_video_bitrate(std::uint32_t width_px, std::uint32_t height_px)
{
    const std::uint64_t scaled = std::uint64_t{kBitrate720p} * width_px * height_px / (1280 * 720);
    return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(scaled, kMinDefaultBitrate, kMaxVideoBitrate));
}

std::optional<std::string_view> format_parameter(std::string_view parameters, std::string_view name)
{
    while (!parameters.empty()) {
        const auto end = std::min(parameters.find(';'), parameters.size());
        const auto item = trim(parameters.substr(0, end));
        const auto equals = std::min(item.find('='), item.size());
        if (same_name(trim(item.substr(0, equals)), name))
            return equals < item.size() ? trim(item.substr(equals + 1)) : std::string_view{};
        parameters.remove_prefix(std::min(end + 1, parameters.size()));
    }
    return std::nullopt;
}

bool same_name(std::string_view a, std::string_view b)
{
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

} // namespace jackfield::codec
