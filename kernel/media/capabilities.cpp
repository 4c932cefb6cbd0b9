// What this end can do. See capabilities.hpp.

#include "kernel/media/capabilities.hpp"

#include "kernel/bind/text.hpp"
#include "kernel/executor/instance_host.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace jackfield::kernel {

namespace {

using Json = nlohmann::json;

Json ask_json(jf_status (*method)(void*, jf_writer, jf_error*), void* self, const std::string& plugin_id)
{
    std::string text;
    ErrorSlot error;
    require(method(self, append_to(text), &error), error, plugin_id);
    Json json = Json::parse(text, nullptr, false);
    if (!json.is_object())
        throw Failure(JF_INTERNAL, plugin_id + ": its capabilities are no JSON object");
    return json;
}

CodecOption read_option(const Json& json, std::size_t plug)
{
    CodecOption option;
    option.plug = plug;
    option.kind = json.value("kind", "audio") == "video" ? MediaKind::video : MediaKind::audio;
    option.name = json.value("name", "");
    option.clock_rate_hz = json.value("clock_rate_hz", 0);
    option.channels = json.value("channels", 1);
    option.parameters = json.value("parameters", "");
    if (json.contains("static_payload_type") && json["static_payload_type"].is_number_integer())
        option.static_payload_type = json["static_payload_type"].get<int>();
    option.sample_rate_hz = json.value("sample_rate_hz", option.clock_rate_hz);
    option.frame_ms = json.value("frame_ms", 20);
    option.default_bitrate_bps = json.value("default_bitrate_bps", 0);
    option.min_bitrate_bps = json.value("min_bitrate_bps", 0);
    option.feedback = json.value("feedback", std::vector<std::string>());
    return option;
}

TransportOption transport_option(const PluggedTransport& plugged, std::size_t plug)
{
    const auto& transport = plugged.plug;
    const Json answer = ask_json(transport.methods->capabilities, transport.self, transport.plugin_id);
    TransportOption option;
    option.plug = plug;
    option.carriage = plugged.carriage;
    option.profile = answer.value("profile", "RTP/AVP");
    option.suites = answer.value("suites", std::vector<std::string>());
    option.feedback = answer.value("feedback", std::vector<std::string>());
    option.dtls = answer.value("dtls", false);
    option.fingerprint = answer.value("fingerprint", "");
    option.telephone_events = answer.value("telephone_events", false);
    option.retransmission = answer.value("retransmission", false);
    option.make_key = [&transport](const std::string& suite) {
        std::string key;
        ErrorSlot error;
        require(transport.methods->make_key(transport.self, abi_text(suite), append_to(key), &error), error,
                transport.plugin_id);
        return key;
    };
    return option;
}

} // namespace

std::uint32_t random_number()
{
    std::uint32_t number = 0;
    random_bytes(reinterpret_cast<std::uint8_t*>(&number), sizeof(number));
    return number;
}

MediaCapabilities capabilities_of(const Board& board, bool may_bundle, const std::string& cname)
{
    MediaCapabilities ours;
    for (std::size_t plug = 0; plug < board.codecs.size(); ++plug) {
        const auto& codec = board.codecs[plug];
        const Json answer = ask_json(codec.methods->capabilities, codec.self, codec.plugin_id);
        for (const auto& entry : answer.value("codecs", Json::array()))
            ours.codecs.push_back(read_option(entry, plug));
    }
    for (std::size_t plug = 0; plug < board.media_transports.size(); ++plug)
        ours.transports.push_back(transport_option(board.media_transports[plug], plug));
    ours.may_bundle = may_bundle;
    ours.make_channel = [] { return fmt::format("{}{:08x}{:08x}", kMediaChannel, random_number(), random_number()); };
    ours.make_ssrc = random_number;
    ours.cname = cname;
    return ours;
}

std::uint32_t components_for(const Board& board, bool audio, bool video)
{
    std::uint32_t count = 0;
    for (const auto& [kind, wanted] : {std::pair{MediaKind::audio, audio}, {MediaKind::video, video}}) {
        const auto carries = [kind = kind](const PluggedTransport& transport) {
            return kind == MediaKind::audio ? transport.carriage.audio : transport.carriage.video;
        };
        const auto first = std::ranges::find_if(board.media_transports, carries); // as an offer takes it
        if (wanted && first != board.media_transports.end() && first->carriage.over == Over::kConnectivity)
            count += 2;
    }
    return count;
}

} // namespace jackfield::kernel
