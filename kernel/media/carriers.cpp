// Transport sessions. See carriers.hpp.

#include "kernel/media/carriers.hpp"

#include "kernel/bind/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace jackfield::kernel {

using Json = nlohmann::json;

// --- what the sessions tell -----------------------------------------------------------------------------------------

const jf_media_listener_methods Carriers::kListener{sizeof(jf_media_listener_methods),
                                                    0,
                                                    [](void* self, std::uint32_t stream) {
                                                        const auto& receivers = static_cast<Carrier*>(self)->receivers;
                                                        if (stream < receivers.size())
                                                            receivers[stream]->wake();
                                                    },
                                                    [](void* self, std::uint32_t stream) {
                                                        const auto& senders = static_cast<Carrier*>(self)->senders;
                                                        if (stream < senders.size() && senders[stream] != nullptr)
                                                            senders[stream]->request_key_frame();
                                                    },
                                                    [](void* self, jf_status status, const jf_error* error) {
                                                        static_cast<Carrier*>(self)->ended(error_of(status, error));
                                                    },
                                                    [](void* self, std::uint32_t stream, std::uint32_t percent) {
                                                        const auto& senders = static_cast<Carrier*>(self)->senders;
                                                        if (stream < senders.size() && senders[stream] != nullptr)
                                                            senders[stream]->set_loss(percent);
                                                    }};

Carriers::Carrier::~Carrier()
{
    if (session.methods != nullptr)
        session.methods->release(session.self);
}

// --- to open them ---------------------------------------------------------------------------------------------------

void Carriers::open(const std::vector<AgreedStream>& streams, const std::vector<jf_path>& paths, const Senders& senders,
                    const Receivers& receivers)
{
    for (std::size_t transport = 0; transport < board_.media_transports.size(); ++transport) {
        if (std::ranges::find(streams, transport, &AgreedStream::transport) != streams.end())
            open_one(transport, streams, paths, senders, receivers);
    }
}

void Carriers::open_one(std::size_t transport, const std::vector<AgreedStream>& streams,
                        const std::vector<jf_path>& paths, const Senders& senders, const Receivers& receivers)
{
    // The streams come first: packets may arrive, and the listener look for their stream, before open has returned.
    auto carrier = std::make_unique<Carrier>();
    carrier->ended = ended_;
    std::vector<AgreedStream> its;
    for (std::size_t number = 0; number < streams.size(); ++number) {
        if (streams[number].transport != transport)
            continue;
        its.push_back(streams[number]);
        carrier->numbers.push_back(number);
        carrier->senders.push_back(senders[number].get());
        carrier->receivers.push_back(receivers[number].get());
    }
    const auto places = places_of(streams);
    std::vector<jf_path> its_paths;
    for (const auto& place : places_of(its))
        its_paths.push_back(paths[static_cast<std::size_t>(std::ranges::find(places, place) - places.begin())]);

    const auto& plug = board_.media_transports[transport].plug;
    const std::string config = session_config(its);
    ErrorSlot error;
    require(plug.methods->open(plug.self, abi_text(config), its_paths.data(), its_paths.size(),
                               {&kListener, carrier.get()}, &carrier->session, &error),
            error, plug.plugin_id);
    for (std::uint32_t number = 0; number < its.size(); ++number) {
        if (carrier->senders[number] != nullptr)
            carrier->senders[number]->attach(carrier->session, number);
        carrier->receivers[number]->attach(carrier->session, number);
    }
    open_.push_back(std::move(carrier));
}

std::string Carriers::session_config(const std::vector<AgreedStream>& streams) const
{
    const auto places = places_of(streams);
    const auto index_of = [&](const AgreedStream& stream, int component) {
        const MediaPlace place{stream.channel, static_cast<std::uint32_t>(component)};
        return std::ranges::find(places, place) - places.begin();
    };
    Json config{{"cname", cname_}, {"streams", Json::array()}};
    for (const auto& stream : streams) {
        Json entry{{"kind", name_of(stream.kind)},
                   {"payload_type", stream.payload_type},
                   {"receive_payload_types", stream.receive_payload_types},
                   {"clock_rate_hz", stream.codec.clock_rate_hz},
                   {"ssrc", stream.ssrc},
                   {"rtp_path", index_of(stream, stream.rtp_component)},
                   {"rtcp_path", index_of(stream, stream.rtcp_component)},
                   {"feedback", stream.feedback}};
        entry["direction"] = stream.direction.send ? (stream.direction.receive ? "sendrecv" : "sendonly")
                                                   : (stream.direction.receive ? "recvonly" : "inactive");
        if (stream.remote_ssrc)
            entry["remote_ssrc"] = *stream.remote_ssrc;
        if (stream.send_key)
            entry["send_key"] = {{"suite", stream.send_key->suite}, {"key", stream.send_key->key}};
        if (stream.receive_key)
            entry["receive_key"] = {{"suite", stream.receive_key->suite}, {"key", stream.receive_key->key}};
        config["streams"].push_back(std::move(entry));
    }
    return config.dump();
}

// --- what they count ------------------------------------------------------------------------------------------------

std::string Carriers::statistics(std::size_t stream_count) const
{
    Json all;
    Json streams = Json::array();
    for (std::size_t number = 0; number < stream_count; ++number)
        streams.push_back(Json::object());
    for (const auto& carrier : open_) {
        std::string text;
        ErrorSlot error;
        if (carrier->session.methods->statistics(carrier->session.self, append_to(text), &error) != JF_OK)
            return {};
        Json counted = Json::parse(text, nullptr, false);
        if (!counted.is_object() || !counted.contains("streams") ||
            counted["streams"].size() != carrier->numbers.size())
            return open_.size() == 1 ? text : std::string();
        for (std::size_t i = 0; i < carrier->numbers.size(); ++i)
            streams[carrier->numbers[i]] = counted["streams"][i];
        if (all.is_null())
            all = std::move(counted);
    }
    if (all.is_null())
        return {};
    all["streams"] = std::move(streams);
    return all.dump();
}

} // namespace jackfield::kernel
