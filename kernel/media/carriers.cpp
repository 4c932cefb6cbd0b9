// Transport sessions. See carriers.hpp.

#include "kernel/media/carriers.hpp"

#include "kernel/bind/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace jackfield::kernel {

using Json = nlohmann::json;

namespace {

/// What the stream's encoder can do (media-session.schema.json, "bitrate"). Nothing is known of one without a rate.
Json bitrate_of(const AgreedStream& stream)
{
    const int most = stream.codec.default_bitrate_bps;
    const int least = stream.codec.min_bitrate_bps > 0 ? std::min(stream.codec.min_bitrate_bps, most) : most;
    // Sound begins as it means to go on; pictures with half until the network is known.
    const int start = stream.kind == MediaKind::audio ? most : std::max(least, most / 2);
    return {{"min_bps", least}, {"max_bps", most}, {"start_bps", start}};
}

} // namespace

// --- what the sessions tell -----------------------------------------------------------------------------------------

const jf_media_listener_methods Carriers::kListener{
    sizeof(jf_media_listener_methods),
    0,
    [](void* self, std::uint32_t stream) {
        auto& carrier = *static_cast<Carrier*>(self);
        const std::lock_guard lock(carrier.mutex);
        if (stream < carrier.receivers.size() && carrier.receivers[stream] != nullptr)
            carrier.receivers[stream]->arrived();
    },
    [](void* self, std::uint32_t stream) {
        auto& carrier = *static_cast<Carrier*>(self);
        const std::lock_guard lock(carrier.mutex);
        if (stream < carrier.senders.size() && carrier.senders[stream] != nullptr)
            carrier.senders[stream]->request_key_frame();
    },
    [](void* self, jf_status status, const jf_error* error) {
        static_cast<Carrier*>(self)->ended(error_of(status, error));
    },
    [](void* self, std::uint32_t stream, std::uint32_t percent) {
        auto& carrier = *static_cast<Carrier*>(self);
        const std::lock_guard lock(carrier.mutex);
        if (stream < carrier.senders.size() && carrier.senders[stream] != nullptr)
            carrier.senders[stream]->set_loss(percent);
    },
    [](void* self, std::uint32_t stream, std::uint32_t bits_per_second) {
        auto& carrier = *static_cast<Carrier*>(self);
        const std::lock_guard lock(carrier.mutex);
        if (stream < carrier.senders.size() && carrier.senders[stream] != nullptr)
            carrier.senders[stream]->set_bitrate(bits_per_second);
    },
    [](void* self) {
        auto& carrier = *static_cast<Carrier*>(self);
        const std::lock_guard lock(carrier.mutex);
        for (ReceiveStream* const receiver : carrier.receivers) {
            if (receiver != nullptr)
                receiver->tick_now();
        }
    }};

Carriers::Carrier::~Carrier()
{
    if (session.methods != nullptr)
        session.methods->release(session.self);
    if (controller.methods != nullptr)
        controller.methods->release(controller.self);
}

// --- to open and to change them -------------------------------------------------------------------------------------

void Carriers::open(const std::vector<AgreedStream>& streams, const std::vector<jf_path>& paths, const Senders& senders,
                    const Receivers& receivers)
{
    const auto places = places_of(streams);
    change(streams, std::vector<bool>(streams.size(), true), senders, receivers, [&](const MediaPlace& place) {
        return paths[static_cast<std::size_t>(std::ranges::find(places, place) - places.begin())];
    });
}

void Carriers::change(const std::vector<AgreedStream>& streams, const std::vector<bool>& live, const Senders& senders,
                      const Receivers& receivers, const PathOf& path_of)
{
    const Lanes lanes{streams, live, senders, receivers, path_of};
    for (std::size_t transport = 0; transport < board_.media_transports.size(); ++transport)
        change_one(transport, lanes);
}

bool Carriers::changeable() const
{
    return std::ranges::all_of(open_, [](const auto& carrier) { return JF_HAS(carrier->session.methods, change); });
}

void Carriers::change_one(std::size_t transport, const Lanes& lanes)
{
    const auto found =
        std::ranges::find_if(open_, [&](const auto& carrier) { return carrier->transport == transport; });
    if (found != open_.end()) {
        take_lanes(**found, lanes);
        tell_session(**found);
        return attach(**found, lanes);
    }
    auto carrier = std::make_unique<Carrier>();
    carrier->ended = ended_;
    carrier->transport = transport;
    take_lanes(*carrier, lanes);
    if (carrier->streams.empty())
        return;
    // The streams come first: packets may arrive, and the listener look for their stream, before open has returned.
    const auto& plug = board_.media_transports[transport].plug;
    const std::string config = session_config(*carrier);
    ErrorSlot error;
    require(plug.methods->open(plug.self, abi_text(config), carrier->paths.data(), carrier->paths.size(),
                               {&kListener, carrier.get()}, &carrier->session, &error),
            error, plug.plugin_id);
    control_rate(*carrier);
    attach(*carrier, lanes);
    open_.push_back(std::move(carrier));
}

/// A controller of its own for each session, if there is one to have and the session can use it.
void Carriers::control_rate(Carrier& carrier) const
{
    const auto& plug = board_.congestion_control;
    if (!plug || !JF_HAS(carrier.session.methods, control_rate))
        return;
    ErrorSlot error;
    require(plug.methods->open(plug.self, &carrier.controller, &error), error, plug.plugin_id);
    carrier.session.methods->control_rate(carrier.session.self, carrier.controller);
}

/// Which streams the session has from here on, who sends and receives for them, and over which paths.
void Carriers::take_lanes(Carrier& carrier, const Lanes& lanes)
{
    for (std::size_t number = 0; number < lanes.streams.size(); ++number) {
        const bool known = std::ranges::find(carrier.numbers, number) != carrier.numbers.end();
        if (!known && lanes.uses(number, carrier.transport))
            carrier.numbers.push_back(number);
    }
    std::vector<SendStream*> senders;
    std::vector<ReceiveStream*> receivers;
    carrier.streams.resize(carrier.numbers.size());
    carrier.over.resize(carrier.numbers.size());
    for (std::size_t i = 0; i < carrier.numbers.size(); ++i) {
        const std::size_t number = carrier.numbers[i];
        carrier.over[i] = !lanes.uses(number, carrier.transport);
        if (!carrier.over[i])
            carrier.streams[i] = lanes.streams[number];
        senders.push_back(carrier.over[i] ? nullptr : lanes.senders[number].get());
        receivers.push_back(carrier.over[i] ? nullptr : lanes.receivers[number].get());
    }
    for (const auto& place : places_of(carrier.streams)) {
        if (std::ranges::find(carrier.places, place) == carrier.places.end()) {
            carrier.paths.push_back(lanes.path_of(place));
            carrier.places.push_back(place);
        }
    }
    const std::lock_guard lock(carrier.mutex);
    carrier.senders = std::move(senders);
    carrier.receivers = std::move(receivers);
}

void Carriers::tell_session(Carrier& carrier)
{
    const auto& plug = board_.media_transports[carrier.transport].plug;
    if (!JF_HAS(carrier.session.methods, change))
        return; // nothing but directions has changed, which our end keeps to by itself
    const std::string config = session_config(carrier);
    ErrorSlot error;
    require(carrier.session.methods->change(carrier.session.self, abi_text(config), carrier.paths.data(),
                                            carrier.paths.size(), &error),
            error, plug.plugin_id);
}

/// The first stream drives RTCP for all; if it is over, the first that is not.
void Carriers::attach(Carrier& carrier, const Lanes& lanes)
{
    if (carrier.over[carrier.ticker]) {
        const auto next = std::ranges::find(carrier.over, false);
        carrier.ticker = next == carrier.over.end() ? 0 : static_cast<std::size_t>(next - carrier.over.begin());
    }
    for (std::uint32_t i = 0; i < carrier.numbers.size(); ++i) {
        if (carrier.over[i])
            continue;
        const std::size_t number = carrier.numbers[i];
        if (lanes.senders[number])
            lanes.senders[number]->attach(carrier.session, i);
        lanes.receivers[number]->attach(carrier.session, i, i == carrier.ticker);
    }
}

std::string Carriers::session_config(const Carrier& carrier) const
{
    const auto index_of = [&](const AgreedStream& stream, int component) {
        const MediaPlace place{stream.channel, static_cast<std::uint32_t>(component)};
        return std::ranges::find(carrier.places, place) - carrier.places.begin();
    };
    Json config{{"cname", cname_}, {"streams", Json::array()}};
    for (std::size_t i = 0; i < carrier.streams.size(); ++i) {
        const auto& stream = carrier.streams[i];
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
        if (carrier.over[i])
            entry["ended"] = true;
        if (stream.event_payload_type)
            entry["event_payload_type"] = *stream.event_payload_type;
        if (stream.remote_ssrc)
            entry["remote_ssrc"] = *stream.remote_ssrc;
        if (board_.congestion_control && stream.codec.default_bitrate_bps > 0)
            entry["bitrate"] = bitrate_of(stream);
        if (stream.repair) {
            entry["repair"] = {{"payload_type", stream.repair->payload_type}, {"ssrc", stream.repair->ssrc}};
            if (stream.repair->remote_ssrc)
                entry["repair"]["remote_ssrc"] = *stream.repair->remote_ssrc;
        }
        if (!stream.fingerprint.empty()) {
            entry["fingerprint"] = stream.fingerprint;
            entry["dtls_role"] = stream.dtls_role;
        }
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
