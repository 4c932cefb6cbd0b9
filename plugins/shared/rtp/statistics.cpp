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
    return json;
}

} // namespace

std::string describe_statistics(const std::vector<std::shared_ptr<Stream>>& streams)
{
    nlohmann::json list = nlohmann::json::array();
    for (const auto& stream : streams)
        list.push_back(describe(*stream));
    return nlohmann::json{{"streams", std::move(list)}}.dump();
}

} // namespace jackfield::rtp
