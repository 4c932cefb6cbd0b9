// Counters of a session as JSON.
//
// Threads: any.
#include "statistics.hpp"

#include <nlohmann/json.hpp>

namespace jackfield::rtp {

namespace {

nlohmann::json describe(Stream& stream)
{
    const Sender::Counters sent = stream.sender().counters();
    const Receiver::Counters received = stream.receiver().counters();
    nlohmann::json json = {{"kind", stream.config().video ? "video" : "audio"},
                           {"packets_sent", sent.packets},
                           {"bytes_sent", sent.payload_bytes},
                           {"packets_dropped", sent.dropped},
                           {"packets_received", received.packets},
                           {"bytes_received", received.payload_bytes},
                           {"packets_lost", received.lost},
                           {"packets_late", received.late},
                           {"packets_refused", received.refused},
                           {"jitter_ms", received.jitter_ms},
                           {"jitter_buffer_ms", received.delay_ms},
                           {"key_frames_requested", stream.key_frames_requested()},
                           {"key_frame_requests_received", received.key_frame_requests},
                           {"suite", stream.config().send_key ? stream.config().send_key->suite->name : "none"}};
    if (received.round_trip_ms)
        json["round_trip_ms"] = *received.round_trip_ms;
    if (received.remote_fraction_lost)
        json["remote_fraction_lost"] = *received.remote_fraction_lost;
    if (stream.config().repair) {
        json["packets_repaired"] = received.repaired;
        json["repairs_asked"] = received.repairs_asked;
        json["repairs_sent"] = sent.repairs;
    }
    return json;
}

void describe_rates(nlohmann::json& json, Stream& stream, std::uint32_t target_bps, std::int64_t now_ns)
{
    if (target_bps == 0)
        return;
    json["target_bps"] = target_bps;
    if (!stream.config().video)
        return;
    const Waiting waiting = stream.sender().waiting();
    json["queued_packets"] = stream.sender().waiting_packets();
    json["queued_ms"] = waiting.since_ns == 0 ? 0.0 : static_cast<double>(now_ns - waiting.since_ns) / 1e6;
}

nlohmann::json describe(const RateControl::Now& now)
{
    nlohmann::json json = {{"pacing_bps", now.pacing_bps},
                           {"window_bytes", now.window_bytes},
                           {"in_flight_bytes", now.in_flight_bytes},
                           {"packets_reported", now.reports},
                           {"packets_reported_lost", now.lost}};
    auto controller = nlohmann::json::parse(now.controller, nullptr, /*allow_exceptions=*/false);
    if (controller.is_object())
        json["controller"] = std::move(controller);
    return json;
}

} // namespace

std::string describe_statistics(const std::vector<std::shared_ptr<Stream>>& streams, const RateControl* rates,
                                std::int64_t now_ns)
{
    nlohmann::json list = nlohmann::json::array();
    for (const auto& stream : streams) {
        nlohmann::json json = describe(*stream);
        if (rates != nullptr)
            describe_rates(json, *stream, rates->target_bps(static_cast<std::uint32_t>(list.size())), now_ns);
        list.push_back(std::move(json));
    }
    nlohmann::json all{{"streams", std::move(list)}};
    if (rates != nullptr)
        all["congestion"] = describe(rates->now());
    return all.dump();
}

} // namespace jackfield::rtp
