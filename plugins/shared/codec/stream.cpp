// Reads the JSON of one stream. See stream.hpp.
#include "stream.hpp"

#include "json.hpp"

#include <algorithm>

namespace jackfield::codec {

namespace {

using Json = nlohmann::json;

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
