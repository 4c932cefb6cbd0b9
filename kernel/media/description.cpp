// Media descriptions to JSON and back. See description.hpp.

#include "kernel/media/description.hpp"

#include <nlohmann/json.hpp>

namespace jackfield::kernel {

namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxDescriptionBytes = 64 * 1024;
constexpr std::size_t kMaxLines = 8;
constexpr std::size_t kMaxCodecs = 32;
constexpr std::size_t kMaxKeys = 8;
constexpr std::size_t kMaxCandidates = 200;
constexpr std::size_t kMaxChannelBytes = 64;

constexpr const char* kDirections[2][2] = {{"inactive", "recvonly"}, {"sendonly", "sendrecv"}};

[[noreturn]] void refuse(const std::string& place, const std::string& problem)
{
    throw Failure(JF_BAD_INPUT, "media description: " + place + ": " + problem);
}

/// A member of an object, of the right type and size, or the default.
template <typename T>
T member(const Json& object, const char* key, T otherwise, const std::string& place)
{
    const auto found = object.find(key);
    if (found == object.end())
        return otherwise;
    if constexpr (std::is_same_v<T, std::string>) {
        if (!found->is_string() || found->get_ref<const std::string&>().size() > 1024)
            refuse(place + "/" + key, "expected a text of at most 1024 bytes");
    } else if constexpr (std::is_same_v<T, bool>) {
        if (!found->is_boolean())
            refuse(place + "/" + key, "expected true or false");
    } else {
        if (!found->is_number_integer() || found->get<std::int64_t>() < 0 || found->get<std::int64_t>() > 4294967295)
            refuse(place + "/" + key, "expected a number from 0 to 4294967295");
    }
    return found->get<T>();
}

const Json& list(const Json& object, const char* key, std::size_t most, const std::string& place)
{
    static const Json none = Json::array();
    const auto found = object.find(key);
    if (found == object.end())
        return none;
    if (!found->is_array() || found->size() > most)
        refuse(place + "/" + key, "expected a list of at most " + std::to_string(most));
    return *found;
}

/// Where packets go without ICE, and the handshake there.
void put_addresses(Json& json, const MediaLine& line)
{
    for (const auto& [name, text] : {std::pair{"address", &line.address},
                                     {"rtcp_address", &line.rtcp_address},
                                     {"fingerprint", &line.fingerprint},
                                     {"setup", &line.setup}}) {
        if (!text->empty())
            json[name] = *text;
    }
    if (line.port)
        json["port"] = *line.port;
    if (line.rtcp_port)
        json["rtcp_port"] = *line.rtcp_port;
}

std::optional<int> read_port(const Json& json, const char* name, const std::string& place)
{
    if (!json.contains(name))
        return std::nullopt;
    const auto port = member(json, name, std::uint32_t{0}, place);
    if (port > 65535)
        refuse(place + "/" + name, "expected a number from 0 to 65535");
    return static_cast<int>(port);
}

void read_addresses(const Json& json, const std::string& place, MediaLine& line)
{
    line.address = member(json, "address", std::string(), place);
    line.port = read_port(json, "port", place);
    line.rtcp_address = member(json, "rtcp_address", std::string(), place);
    line.rtcp_port = read_port(json, "rtcp_port", place);
    line.fingerprint = member(json, "fingerprint", std::string(), place);
    line.setup = member(json, "setup", std::string(), place);
    if (!line.setup.empty() && line.setup != "actpass" && line.setup != "active" && line.setup != "passive")
        refuse(place + "/setup", "expected actpass, active or passive");
}

Json line_to_json(const MediaLine& line)
{
    Json json{{"kind", name_of(line.kind)},
              {"direction", kDirections[line.direction.send ? 1 : 0][line.direction.receive ? 1 : 0]},
              {"rtp_component", line.rtp_component},
              {"rtcp_component", line.rtcp_component},
              {"rtcp_mux", line.rtcp_mux}};
    if (line.rejected)
        json["rejected"] = true;
    if (!line.mid.empty())
        json["mid"] = line.mid;
    if (!line.profile.empty())
        json["profile"] = line.profile;
    if (!line.channel.empty())
        json["channel"] = line.channel;
    if (line.ssrc)
        json["ssrc"] = *line.ssrc;
    if (line.repair_ssrc)
        json["repair_ssrc"] = *line.repair_ssrc;
    if (!line.cname.empty())
        json["cname"] = line.cname;
    put_addresses(json, line);
    json["codecs"] = Json::array();
    for (const auto& codec : line.codecs) {
        Json entry{{"payload_type", codec.payload_type},
                   {"name", codec.name},
                   {"clock_rate_hz", codec.clock_rate_hz},
                   {"channels", codec.channels}};
        if (!codec.parameters.empty())
            entry["parameters"] = codec.parameters;
        if (!codec.feedback.empty())
            entry["feedback"] = codec.feedback;
        json["codecs"].push_back(std::move(entry));
    }
    for (const auto& key : line.keys)
        json["keys"].push_back({{"tag", key.tag}, {"suite", key.suite}, {"key", key.key}});
    return json;
}

Json ice_to_json(const MediaDescription& description)
{
    Json ice{{"candidates", Json::array()}, {"complete", description.ice_complete}};
    std::string_view rest = description.ice;
    for (int number = 0; !rest.empty(); ++number) {
        const auto end = rest.find('\n');
        const std::string line(rest.substr(0, end));
        rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
        if (number == 0)
            ice["ufrag"] = line;
        else if (number == 1)
            ice["pwd"] = line;
        else if (!line.empty())
            ice["candidates"].push_back(line);
    }
    return ice;
}

LineCodec read_codec(const Json& json, const std::string& place)
{
    if (!json.is_object())
        refuse(place, "expected an object");
    LineCodec codec;
    codec.payload_type = member(json, "payload_type", 128, place);
    codec.name = member(json, "name", std::string(), place);
    codec.clock_rate_hz = member(json, "clock_rate_hz", 0, place);
    codec.channels = member(json, "channels", 1, place);
    codec.parameters = member(json, "parameters", std::string(), place);
    if (codec.payload_type > 127 || codec.name.empty() || codec.clock_rate_hz == 0)
        refuse(place, "payload_type, name and clock_rate_hz are needed");
    for (const auto& value : list(json, "feedback", 16, place)) {
        if (value.is_string())
            codec.feedback.push_back(value.get<std::string>());
    }
    return codec;
}

MediaLine read_line(const Json& json, const std::string& place)
{
    if (!json.is_object())
        refuse(place, "expected an object");
    MediaLine line;
    const auto kind = member(json, "kind", std::string(), place);
    if (kind != "audio" && kind != "video")
        refuse(place + "/kind", "expected audio or video");
    line.kind = kind == "audio" ? MediaKind::audio : MediaKind::video;
    line.rejected = member(json, "rejected", false, place);
    const auto direction = member(json, "direction", std::string("sendrecv"), place);
    line.direction = {direction == "sendrecv" || direction == "sendonly",
                      direction == "sendrecv" || direction == "recvonly"};
    line.mid = member(json, "mid", std::string(), place);
    line.profile = member(json, "profile", std::string(), place);
    line.channel = member(json, "channel", std::string(), place);
    if (line.channel.size() > kMaxChannelBytes)
        refuse(place + "/channel", "expected a text of at most 64 bytes");
    line.rtp_component = member(json, "rtp_component", 1, place);
    line.rtcp_component = member(json, "rtcp_component", line.rtp_component, place);
    line.rtcp_mux = member(json, "rtcp_mux", false, place);
    read_addresses(json, place, line);
    line.cname = member(json, "cname", std::string(), place);
    if (json.contains("ssrc"))
        line.ssrc = member(json, "ssrc", std::uint32_t{0}, place);
    if (json.contains("repair_ssrc"))
        line.repair_ssrc = member(json, "repair_ssrc", std::uint32_t{0}, place);
    for (const auto& codec : list(json, "codecs", kMaxCodecs, place))
        line.codecs.push_back(read_codec(codec, place + "/codecs/" + std::to_string(line.codecs.size())));
    for (const auto& key : list(json, "keys", kMaxKeys, place)) {
        const auto where = place + "/keys/" + std::to_string(line.keys.size());
        if (!key.is_object())
            refuse(where, "expected an object");
        line.keys.push_back({member(key, "tag", 1, where), member(key, "suite", std::string(), where),
                             member(key, "key", std::string(), where)});
    }
    return line;
}

} // namespace

std::string_view name_of(MediaKind kind)
{
    return kind == MediaKind::audio ? "audio" : "video";
}

std::string to_json(const MediaDescription& description)
{
    Json json{{"media", Json::array()}, {"bundle", description.bundle}};
    if (!description.ice.empty())
        json["ice"] = ice_to_json(description);
    for (const auto& line : description.lines)
        json["media"].push_back(line_to_json(line));
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

MediaDescription parse_media_description(std::string_view text)
{
    if (text.size() > kMaxDescriptionBytes)
        refuse("", "larger than 64 KiB");
    const Json json = Json::parse(text, nullptr, false);
    if (!json.is_object())
        refuse("", "not a JSON object");
    MediaDescription description;
    description.bundle = member(json, "bundle", false, "");
    if (const auto ice = json.find("ice"); ice != json.end()) {
        if (!ice->is_object())
            refuse("/ice", "expected an object");
        description.ice =
            member(*ice, "ufrag", std::string(), "/ice") + "\n" + member(*ice, "pwd", std::string(), "/ice") + "\n";
        description.ice_complete = member(*ice, "complete", true, "/ice");
        for (const auto& candidate : list(*ice, "candidates", kMaxCandidates, "/ice")) {
            if (candidate.is_string())
                description.ice += candidate.get<std::string>() + "\n";
        }
    }
    for (const auto& line : list(json, "media", kMaxLines, ""))
        description.lines.push_back(read_line(line, "/media/" + std::to_string(description.lines.size())));
    if (description.lines.empty())
        refuse("/media", "no media line");
    return description;
}

} // namespace jackfield::kernel
