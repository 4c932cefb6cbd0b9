// Reads and writes what is offered. See offer.hpp.
#include "offer.hpp"

#include "json.hpp"
#include "stream.hpp"

#include <algorithm>

namespace jackfield::codec {

namespace {

using Json = nlohmann::json;

constexpr std::uint32_t kVideoClockHz = 90'000;
constexpr std::uint32_t kBitrate720p = 1'200'000;
constexpr std::uint32_t kMinDefaultBitrate = 150'000;
constexpr std::uint32_t kLeastVideoBitrate = 50'000; // below it nobody recognises anything
constexpr std::size_t kMaxQuotedName = 32;           // of a name that a stranger may have chosen

std::string list_of(std::span<const std::string_view> names)
{
    std::string list;
    for (const auto name : names)
        list.append(list.empty() ? "" : ", ").append(name);
    return list;
}

std::vector<std::string> read_names(const Json& json, const char* key, std::span<const std::string_view> all)
{
    std::vector<std::string> names;
    if (!json.contains(key))
        return names;
    if (!json[key].is_array())
        throw ConfigError(std::string("/") + key + ": expected a list of codec names");
    for (const auto& item : json[key]) {
        const auto known = item.is_string() ? std::ranges::find(all, item.get_ref<const std::string&>()) : all.end();
        if (known == all.end())
            throw ConfigError(std::string("/") + key + "/" + std::to_string(names.size()) + ": no codec " +
                              item.dump(-1, ' ', false, Json::error_handler_t::replace) +
                              "; what would work: " + list_of(all));
        names.emplace_back(*known);
    }
    return names;
}

bool contains(const std::vector<std::string>& names, std::string_view name)
{
    return std::ranges::find(names, name) != names.end();
}

} // namespace

Entry video_entry(std::string_view name, std::string_view parameters)
{
    Entry entry;
    entry.name = name;
    entry.video = true;
    entry.clock_rate_hz = kVideoClockHz;
    entry.default_bitrate_bps = default_video_bitrate(1280, 720);
    entry.min_bitrate_bps = kLeastVideoBitrate;
    entry.parameters = parameters;
    return entry;
}

std::string capabilities_json(const std::vector<Entry>& entries)
{
    Json list = Json::array();
    for (const auto& entry : entries) {
        Json json{{"name", entry.name},
                  {"kind", entry.video ? "video" : "audio"},
                  {"clock_rate_hz", entry.clock_rate_hz},
                  {"static_payload_type", entry.static_payload_type ? Json(*entry.static_payload_type) : Json()},
                  {"default_bitrate_bps", entry.default_bitrate_bps}};
        if (entry.video) {
            json["feedback"] = {"nack", "nack pli", "ccm fir"};
        } else {
            json["channels"] = entry.channels;
            json["sample_rate_hz"] = entry.clock_rate_hz;
            json["frame_ms"] = 20;
        }
        if (entry.min_bitrate_bps != 0)
            json["min_bitrate_bps"] = entry.min_bitrate_bps;
        if (!entry.parameters.empty())
            json["parameters"] = entry.parameters;
        list.push_back(std::move(json));
    }
    return Json{{"codecs", std::move(list)}}.dump();
}

std::vector<std::string> offered_names(std::string_view config_json, std::span<const std::string_view> all,
                                       std::span<const std::string_view> on_request)
{
    const Json json = parse_object(config_json, JF_BAD_CONFIG);
    const auto preferred = read_names(json, "prefer", all);
    const auto excluded = read_names(json, "exclude", all);
    std::vector<std::string> names;
    for (const auto& name : preferred) {
        if (!contains(excluded, name))
            names.push_back(name);
    }
    for (const auto name : all) {
        if (!contains(preferred, name) && !contains(excluded, name) && std::ranges::count(on_request, name) == 0)
            names.emplace_back(name);
    }
    return names;
}

const std::string& find_offered(const std::vector<std::string>& offered, std::string_view name,
                                std::string_view plugin_id)
{
    for (const auto& known : offered) {
        if (same_name(known, name))
            return known;
    }
    const std::vector<std::string_view> names(offered.begin(), offered.end());
    throw Failure(JF_UNSUPPORTED, "/name: " + std::string(plugin_id) + " has no codec \"" +
                                      std::string(name.substr(0, kMaxQuotedName)) + "\"; what would work: " +
                                      (names.empty() ? "nothing, all are excluded" : list_of(names)));
}

std::uint32_t default_video_bitrate(std::uint32_t width_px, std::uint32_t height_px)
{
    const std::uint64_t scaled = std::uint64_t{kBitrate720p} * width_px * height_px / (1280 * 720);
    return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(scaled, kMinDefaultBitrate, kMaxVideoBitrate));
}

} // namespace jackfield::codec
