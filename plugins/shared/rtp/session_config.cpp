// Reads the configuration of one session; errors begin with the JSON pointer of the value.
//
// Threads: control.
#include "session_config.hpp"

#include <shared/base64/base64.hpp>

#include <nlohmann/json.hpp>

namespace jackfield::rtp {

namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostStreams = 8;

std::uint64_t read_number(const Json& object, const char* name, const std::string& place, std::uint64_t most)
{
    const auto found = object.find(name);
    if (found == object.end() || !found->is_number_unsigned() || found->get<std::uint64_t>() > most)
        throw ConfigError(place + "/" + name + ": expected a whole number from 0 to " + std::to_string(most));
    return found->get<std::uint64_t>();
}

std::string read_text(const Json& object, const char* name, const std::string& place, const std::string& otherwise)
{
    const auto found = object.find(name);
    if (found == object.end())
        return otherwise;
    if (!found->is_string())
        throw ConfigError(place + "/" + name + ": expected a text");
    return found->get<std::string>();
}

std::optional<Key> read_key(const Json& stream, const char* name, const std::string& place, const Suites& ours,
                            bool needed)
{
    const std::string here = place + "/" + name;
    if (!stream.contains(name)) {
        if (needed && !ours.allow_unencrypted)
            throw ConfigError(here + ": required, because the plugin's allow_unencrypted is off");
        return std::nullopt;
    }
    const Json& key = stream[name];
    if (!key.is_object())
        throw ConfigError(here + ": expected an object with suite and key");
    const std::string suite_name = read_text(key, "suite", here, "");
    const Suite* suite = ours.find(suite_name);
    if (suite == nullptr) {
        std::string known;
        for (const Suite* one : ours.suites)
            known += (known.empty() ? "" : ", ") + std::string(one->name);
        throw ConfigError(here + "/suite: no suite \"" + suite_name +
                          "\"; available: " + (known.empty() ? "none" : known));
    }
    const auto bytes = decode_base64(read_text(key, "key", here, ""));
    if (!bytes || bytes->size() != suite->key_bytes + suite->salt_bytes)
        throw ConfigError(here + "/key: expected base64 of " + std::to_string(suite->key_bytes + suite->salt_bytes) +
                          " bytes for " + suite_name);
    return Key{suite, *bytes};
}

void read_direction(const Json& stream, const std::string& place, StreamConfig& config)
{
    const std::string direction = read_text(stream, "direction", place, "sendrecv");
    config.sends = direction == "sendrecv" || direction == "sendonly";
    config.receives = direction == "sendrecv" || direction == "recvonly";
    if (!config.sends && !config.receives && direction != "inactive")
        throw ConfigError(place + "/direction: expected sendrecv, sendonly, recvonly or inactive");
}

void read_payload_types(const Json& stream, const std::string& place, StreamConfig& config)
{
    config.payload_type = static_cast<std::uint8_t>(read_number(stream, "payload_type", place, 127));
    if (stream.contains("event_payload_type")) {
        config.event_payload_type = static_cast<std::uint8_t>(read_number(stream, "event_payload_type", place, 127));
        config.receive_payload_types.set(*config.event_payload_type);
    }
    const auto found = stream.find("receive_payload_types");
    if (found == stream.end()) {
        config.receive_payload_types.set(config.payload_type);
        return;
    }
    if (!found->is_array())
        throw ConfigError(place + "/receive_payload_types: expected a list of numbers from 0 to 127");
    for (const Json& type : *found) {
        if (!type.is_number_unsigned() || type.get<std::uint64_t>() > 127)
            throw ConfigError(place + "/receive_payload_types: expected a list of numbers from 0 to 127");
        config.receive_payload_types.set(type.get<std::size_t>());
    }
}

/// Without a list nothing is known of the peer and PLI, which everybody ignores or understands, is tried.
void read_feedback(const Json& stream, const std::string& place, StreamConfig& config)
{
    const auto found = stream.find("feedback");
    if (found == stream.end()) {
        config.picture_loss = true;
        return;
    }
    if (!found->is_array())
        throw ConfigError(place + "/feedback: expected a list such as [\"nack pli\"]");
    for (const Json& value : *found) {
        config.generic_nack = config.generic_nack || value == "nack";
        config.congestion_feedback = config.congestion_feedback || value == "ack ccfb";
        config.picture_loss = config.picture_loss || value == "nack pli";
        config.full_intra_request = config.full_intra_request || value == "ccm fir";
    }
}

void read_rates(const Json& stream, const std::string& place, StreamConfig& config)
{
    if (!stream.contains("bitrate"))
        return;
    const Json& rates = stream["bitrate"];
    const std::string here = place + "/bitrate";
    if (!rates.is_object())
        throw ConfigError(here + ": expected an object with min_bps, max_bps and start_bps");
    constexpr std::uint64_t kMost = 1'000'000'000;
    config.rates.max_bps = static_cast<std::uint32_t>(read_number(rates, "max_bps", here, kMost));
    config.rates.min_bps = static_cast<std::uint32_t>(read_number(rates, "min_bps", here, config.rates.max_bps));
    config.rates.start_bps = static_cast<std::uint32_t>(read_number(rates, "start_bps", here, config.rates.max_bps));
}

void read_repair(const Json& stream, const std::string& place, StreamConfig& config)
{
    if (!stream.contains("repair"))
        return;
    const Json& repair = stream["repair"];
    const std::string here = place + "/repair";
    if (!repair.is_object())
        throw ConfigError(here + ": expected an object with payload_type and ssrc");
    config.repair.emplace();
    config.repair->payload_type = static_cast<std::uint8_t>(read_number(repair, "payload_type", here, 127));
    config.repair->ssrc = static_cast<std::uint32_t>(read_number(repair, "ssrc", here, 0xffffffffU));
    if (repair.contains("remote_ssrc"))
        config.repair->remote_ssrc = static_cast<std::uint32_t>(read_number(repair, "remote_ssrc", here, 0xffffffffU));
    if (config.receive_payload_types.test(config.repair->payload_type))
        throw ConfigError(here + "/payload_type: the stream has it for something else");
    if (config.repair->ssrc == config.ssrc)
        throw ConfigError(here + "/ssrc: the stream itself has the same");
}

StreamConfig read_stream(const Json& stream, const std::string& place, const Suites& ours, std::size_t path_count)
{
    if (!stream.is_object())
        throw ConfigError(place + ": expected an object");
    StreamConfig config;
    const std::string kind = read_text(stream, "kind", place, "");
    if (kind != "audio" && kind != "video")
        throw ConfigError(place + "/kind: expected audio or video");
    config.video = kind == "video";
    read_direction(stream, place, config);
    read_payload_types(stream, place, config);
    read_feedback(stream, place, config);
    config.ended = stream.contains("ended") && stream["ended"] == true;
    config.clock_rate_hz = static_cast<std::uint32_t>(read_number(stream, "clock_rate_hz", place, 1'000'000));
    if (config.clock_rate_hz == 0)
        throw ConfigError(place + "/clock_rate_hz: expected at least 1");
    config.ssrc = static_cast<std::uint32_t>(read_number(stream, "ssrc", place, 0xffffffffU));
    if (stream.contains("remote_ssrc"))
        config.remote_ssrc = static_cast<std::uint32_t>(read_number(stream, "remote_ssrc", place, 0xffffffffU));
    read_rates(stream, place, config);
    read_repair(stream, place, config);
    if (path_count == 0)
        throw ConfigError(place + "/rtp_path: the session was opened without paths");
    config.rtp_path = read_number(stream, "rtp_path", place, path_count - 1);
    config.rtcp_path = read_number(stream, "rtcp_path", place, path_count - 1);
    // RTCP goes both ways whatever the direction of the media is, so both keys are needed.
    config.send_key = read_key(stream, "send_key", place, ours, true);
    config.receive_key = read_key(stream, "receive_key", place, ours, true);
    return config;
}

} // namespace

SessionConfig read_session_config(std::string_view json, const Suites& ours, std::size_t path_count)
{
    const Json root = Json::parse(json, nullptr, /*allow_exceptions=*/false);
    if (!root.is_object() || !root.contains("streams") || !root["streams"].is_array() || root["streams"].empty() ||
        root["streams"].size() > kMostStreams)
        throw ConfigError("/streams: expected a list of 1 to " + std::to_string(kMostStreams) + " streams");
    SessionConfig config;
    config.cname = read_text(root, "cname", "", "");
    for (const Json& stream : root["streams"]) {
        const std::string place = "/streams/" + std::to_string(config.streams.size());
        config.streams.push_back(read_stream(stream, place, ours, path_count));
        for (std::size_t i = 0; i + 1 < config.streams.size(); ++i) {
            if (config.streams[i].ssrc == config.streams.back().ssrc)
                throw ConfigError(place + "/ssrc: stream " + std::to_string(i) + " has the same");
        }
    }
    return config;
}

} // namespace jackfield::rtp
