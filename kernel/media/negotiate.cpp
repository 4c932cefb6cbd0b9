// Offer, answer and what they mean together. See negotiate.hpp.

#include "kernel/media/negotiate.hpp"

#include "kernel/media/lines.hpp"
#include "kernel/media/protection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace jackfield::kernel {

namespace {

constexpr int kFirstDynamicPayloadType = 96; // RFC 3551 section 6

bool matches(const CodecOption& option, const MediaLine& line, const LineCodec& codec)
{
    return option.kind == line.kind && same_encoding(option.name, codec.name) &&
           option.clock_rate_hz == codec.clock_rate_hz &&
           (option.kind == MediaKind::video || option.channels == codec.channels);
}

/// The plugin that comes first in the configuration has this codec already; it is the one that would be opened.
bool had_before(const MediaCapabilities& ours, const CodecOption& option)
{
    for (const auto& earlier : ours.codecs) {
        if (&earlier == &option)
            return false;
        if (earlier.plug != option.plug && earlier.kind == option.kind && same_encoding(earlier.name, option.name) &&
            earlier.clock_rate_hz == option.clock_rate_hz && earlier.channels == option.channels)
            return true;
    }
    return false;
}

const CodecOption* find_option(const MediaCapabilities& ours, const MediaLine& line, const LineCodec& codec)
{
    for (const auto& option : ours.codecs) {
        if (matches(option, line, codec))
            return &option;
    }
    return nullptr;
}

std::vector<std::string> common(const std::vector<std::string>& a, const std::vector<std::string>& b)
{
    std::vector<std::string> both;
    for (const auto& value : a) {
        if (std::ranges::find(b, value) != b.end())
            both.push_back(value);
    }
    return both;
}

/// What a transport does whatever the codec is (RFC 8888).
constexpr std::string_view kCongestionFeedback = "ack ccfb";

LineCodec line_codec(const TransportOption& transport, const CodecOption& option, int payload_type)
{
    LineCodec codec{payload_type,    option.name,       option.clock_rate_hz,
                    option.channels, option.parameters, common(option.feedback, transport.feedback)};
    if (std::ranges::find(transport.feedback, kCongestionFeedback) != transport.feedback.end())
        codec.feedback.emplace_back(kCongestionFeedback);
    return codec;
}

/// "rtx", with the payload type whose packets it repeats (RFC 4588 section 8.1).
LineCodec repair_codec(int payload_type, const LineCodec& repaired)
{
    return {payload_type,
            std::string(kRepair),
            repaired.clock_rate_hz,
            1,
            fmt::format("apt={}", repaired.payload_type),
            {}};
}

bool wants_repair(const TransportOption& transport, const LineCodec& codec)
{
    return transport.retransmission && std::ranges::find(codec.feedback, "nack") != codec.feedback.end();
}

/// The payload type that repeats another one's packets; nothing if the line has none.
std::optional<int> repair_of(const MediaLine& line, int payload_type)
{
    const std::string wanted = fmt::format("apt={}", payload_type);
    for (const auto& codec : line.codecs) {
        const auto parameters = std::string_view(codec.parameters);
        if (same_encoding(codec.name, kRepair) && parameters.substr(0, parameters.find(';')) == wanted)
            return codec.payload_type;
    }
    return std::nullopt;
}

/// Our first suite that the peer has offered too (RFC 4568 section 5.1.2).
std::optional<SdesKey> choose_key(const TransportOption& transport, const MediaLine& offered)
{
    for (const auto& suite : transport.suites) {
        for (const auto& key : offered.keys) {
            if (key.suite == suite)
                return SdesKey{key.tag, suite, transport.make_key(suite)};
        }
    }
    return std::nullopt;
}

int free_type(PayloadTypes& used)
{
    for (std::size_t type = kFirstDynamicPayloadType; type < used.size(); ++type) {
        if (!used.test(type)) {
            used.set(type);
            return static_cast<int>(type);
        }
    }
    throw Failure(JF_EXHAUSTED, "no payload type is free any more in this call");
}

LineCodec event_codec(int payload_type, int clock_rate_hz)
{
    return {payload_type, std::string(kTelephoneEvent), clock_rate_hz, 1, "0-15", {}};
}

/// Telephone events at the clock rate of each codec (RFC 4733 section 2.1).
void offer_events(MediaLine& line, const TransportOption& transport, PayloadTypes& used)
{
    if (line.kind != MediaKind::audio || !transport.telephone_events)
        return;
    std::vector<int> rates;
    for (const auto& codec : line.codecs) {
        if (std::ranges::find(rates, codec.clock_rate_hz) == rates.end())
            rates.push_back(codec.clock_rate_hz);
    }
    for (const int rate : rates)
        line.codecs.push_back(event_codec(free_type(used), rate));
}

/// The payload type of telephone events at that rate; nothing if the line has none.
std::optional<int> events_of(const MediaLine& line, int clock_rate_hz)
{
    for (const auto& codec : line.codecs) {
        if (same_encoding(codec.name, kTelephoneEvent) && codec.clock_rate_hz == clock_rate_hz)
            return codec.payload_type;
    }
    return std::nullopt;
}

void offer_repair(MediaLine& line, const MediaCapabilities& ours, const TransportOption& transport, PayloadTypes& used)
{
    const auto offered = line.codecs;
    for (const auto& codec : offered) {
        if (line.kind == MediaKind::video && wants_repair(transport, codec))
            line.codecs.push_back(repair_codec(free_type(used), codec));
    }
    if (line.codecs.size() != offered.size())
        line.repair_ssrc = ours.make_ssrc();
}

void add_repair(MediaLine& answer, const MediaLine& offered, const MediaCapabilities& ours,
                const TransportOption& transport)
{
    const LineCodec codec = answer.codecs.front();
    const auto type = repair_of(offered, codec.payload_type);
    if (!type || answer.kind != MediaKind::video || !wants_repair(transport, codec))
        return;
    answer.codecs.push_back(repair_codec(*type, codec));
    answer.repair_ssrc = ours.make_ssrc();
}

/// Both lines say so, and each end has a source for it.
std::optional<AgreedRepair> agreed_repair(const MediaLine& here, const MediaLine& there, const AgreedStream& stream,
                                          const TransportOption& transport)
{
    const auto type = repair_of(there, stream.payload_type);
    const bool nack = std::ranges::find(stream.feedback, "nack") != stream.feedback.end();
    if (!type || type != repair_of(here, stream.payload_type) || !nack || !transport.retransmission ||
        !here.repair_ssrc)
        return std::nullopt;
    return AgreedRepair{*type, *here.repair_ssrc, there.repair_ssrc};
}

void add_events(MediaLine& answer, const MediaLine& offered, const TransportOption& transport)
{
    const int rate = answer.codecs.front().clock_rate_hz;
    const auto type = events_of(offered, rate);
    if (type && answer.kind == MediaKind::audio && transport.telephone_events)
        answer.codecs.push_back(event_codec(*type, rate));
}

/// The key of our own line that goes with the suite the answer chose.
std::optional<SdesKey> key_for(const std::vector<SdesKey>& keys, const std::string& suite)
{
    for (const auto& key : keys) {
        if (key.suite == suite)
            return key;
    }
    return std::nullopt;
}

} // namespace

// --- lines ----------------------------------------------------------------------------------------------------------

bool same_encoding(std::string_view a, std::string_view b)
{
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
        return std::tolower(static_cast<unsigned char>(x)) == std::tolower(static_cast<unsigned char>(y));
    });
}

MediaLine offered_line(const MediaCapabilities& ours, const TransportOption& transport, MediaKind kind,
                       const Wish& wish, PayloadTypes& used)
{
    MediaLine line;
    line.kind = kind;
    line.direction = {wish.send, wish.receive};
    line.profile = transport.profile;
    line.rtcp_mux = ours.may_bundle;
    line.ssrc = ours.make_ssrc();
    line.cname = ours.cname;
    for (const auto& option : ours.codecs) {
        if (option.kind != kind || had_before(ours, option))
            continue;
        const int payload_type = option.static_payload_type ? *option.static_payload_type : free_type(used);
        line.codecs.push_back(line_codec(transport, option, payload_type));
    }
    offer_events(line, transport, used);
    offer_repair(line, ours, transport, used);
    for (const auto& suite : transport.suites)
        line.keys.push_back({static_cast<int>(line.keys.size()) + 1, suite, transport.make_key(suite)});
    if (transport.dtls) {
        line.fingerprint = transport.fingerprint;
        line.setup = "actpass"; // RFC 8842 section 5.2
    }
    return line;
}

MediaLine answered_line(const MediaCapabilities& ours, const Wish& wish, const MediaLine& offered)
{
    MediaLine line;
    line.kind = offered.kind;
    line.mid = offered.mid;
    line.profile = offered.profile;
    line.channel = offered.channel;
    line.rtp_component = offered.rtp_component;
    line.rtcp_component = offered.rtcp_component;
    line.rtcp_mux = offered.rtcp_mux && ours.may_bundle;
    line.towards = offered.address;
    const auto* transport = find_transport(ours, offered);
    for (const auto& codec : offered.codecs) {
        const auto* option = find_option(ours, offered, codec);
        if (option != nullptr && transport != nullptr && line.codecs.empty()) {
            auto chosen = line_codec(*transport, *option, codec.payload_type);
            chosen.feedback = common(chosen.feedback, codec.feedback);
            line.codecs.push_back(std::move(chosen));
        }
    }
    if (!wish.wanted || offered.rejected || line.codecs.empty()) {
        line.rejected = true; // RFC 3264 section 6: the line stays, with what was offered
        line.codecs = offered.codecs;
        line.direction = {false, false};
        return line;
    }
    add_repair(line, offered, ours, *transport);
    add_events(line, offered, *transport);
    if (const auto key = choose_key(*transport, offered))
        line.keys.push_back(*key);
    if (transport->dtls) {
        line.fingerprint = transport->fingerprint;
        line.setup = answered_setup(offered.setup);
    }
    line.direction = {wish.send && offered.direction.receive, wish.receive && offered.direction.send};
    line.ssrc = ours.make_ssrc();
    line.cname = ours.cname;
    return line;
}

void settle_components(MediaDescription& answer)
{
    for (auto& line : answer.lines) {
        if (answer.bundle)
            line.rtp_component = 1; // RFC 9143: all on the first
        if (line.rtcp_mux)
            line.rtcp_component = line.rtp_component; // RFC 5761
    }
}

// --- descriptions ---------------------------------------------------------------------------------------------------

bool can_offer(const MediaCapabilities& ours, MediaKind kind)
{
    return transport_for(ours, kind) != nullptr &&
           std::ranges::find(ours.codecs, kind, &CodecOption::kind) != ours.codecs.end();
}

MediaDescription make_offer(const MediaCapabilities& ours, const Wishes& wishes)
{
    MediaDescription offer;
    PayloadTypes used;
    std::string channel;            // one name for all lines
    int components[2] = {0, 0};     // of connectivity, of channels
    std::vector<std::size_t> plugs; // of the lines
    for (const auto& [kind, wish] : {std::pair{MediaKind::audio, wishes.audio}, {MediaKind::video, wishes.video}}) {
        if (!wish.wanted || !can_offer(ours, kind))
            continue;
        const auto* transport = transport_for(ours, kind);
        auto line = offered_line(ours, *transport, kind, wish, used);
        if (transport->over_channels())
            line.channel = channel.empty() ? (channel = ours.make_channel()) : channel;
        int& component = components[transport->over_channels() ? 1 : 0];
        line.mid = std::to_string(offer.lines.size());
        line.rtp_component = ++component;
        line.rtcp_component = ++component;
        offer.lines.push_back(std::move(line));
        plugs.push_back(transport->plug);
    }
    offer.bundle = ours.may_bundle && std::ranges::adjacent_find(plugs, std::not_equal_to()) == plugs.end();
    return offer;
}

MediaDescription make_answer(const MediaCapabilities& ours, const Wishes& wishes, const MediaDescription& offer)
{
    MediaDescription answer;
    const TransportOption* first = nullptr; // of the lines that are not rejected
    answer.bundle = offer.bundle && ours.may_bundle;
    answer.without_ice = offer.ice.empty();
    Wishes left = wishes; // one line of each kind: some telephones offer the same sound twice, in clear and encrypted
    for (const auto& offered : offer.lines) {
        Wish& wish = offered.kind == MediaKind::audio ? left.audio : left.video;
        answer.lines.push_back(answered_line(ours, wish, offered));
        auto& line = answer.lines.back();
        if (line.rejected)
            continue;
        wish.wanted = false;
        const auto* transport = find_transport(ours, offered);
        first = first == nullptr ? transport : first;
        answer.bundle = answer.bundle && line.rtcp_mux && transport == first; // no two transports share a path
    }
    if (first == nullptr)
        throw Failure(JF_UNSUPPORTED, "no common media: no codec and encryption that both ends have");
    settle_components(answer);
    return answer;
}

std::vector<AgreedStream> agree(const MediaCapabilities& ours, const MediaDescription& local,
                                const MediaDescription& remote)
{
    if (remote.lines.size() != local.lines.size())
        throw Failure(JF_BAD_INPUT, "the peer's media description has another number of lines than ours");
    std::vector<AgreedStream> streams;
    const bool bundle = local.bundle && remote.bundle;
    for (std::size_t i = 0; i < local.lines.size(); ++i) {
        const auto& here = local.lines[i];
        const auto& there = remote.lines[i];
        if (here.rejected || there.rejected)
            continue;
        if (here.kind != there.kind)
            throw Failure(JF_BAD_INPUT, "the peer's media line " + std::to_string(i) + " is of another kind than ours");
        if (here.channel != there.channel || (!here.channel.empty() && !here.channel.starts_with(kMediaChannel)))
            throw Failure(JF_BAD_INPUT, "the peer's media line " + std::to_string(i) + " names another channel");
        if (protection_of(here) != protection_of(there))
            throw Failure(JF_BAD_INPUT, "the peer's media line " + std::to_string(i) + " is " + there.profile +
                                            ", and ours is " + here.profile);
        const auto* transport = find_transport(ours, here);
        if (transport == nullptr)
            throw Failure(JF_INTERNAL, "no media transport fits our own media line " + std::to_string(i));
        AgreedStream stream;
        stream.kind = here.kind;
        stream.line = i;
        stream.transport = transport->plug;
        stream.channel = here.channel;
        stream.direction = {here.direction.send && there.direction.receive,
                            here.direction.receive && there.direction.send};
        const CodecOption* option = nullptr;
        for (const auto& codec : there.codecs) {
            const bool ours_too = std::ranges::any_of(
                here.codecs, [&](const auto& known) { return known.payload_type == codec.payload_type; });
            if (option != nullptr || !ours_too)
                continue;
            option = find_option(ours, there, codec);
            stream.payload_type = codec.payload_type;
            stream.parameters = codec.parameters;
            stream.feedback = common(codec.feedback, transport->feedback);
        }
        if (option == nullptr)
            throw Failure(JF_BAD_INPUT, "the peer chose a codec that was not offered");
        stream.codec = *option;
        stream.receive_payload_types = {stream.payload_type};
        const auto events = events_of(there, stream.codec.clock_rate_hz);
        if (events && transport->telephone_events && events == events_of(here, stream.codec.clock_rate_hz))
            stream.event_payload_type = events;
        stream.repair = agreed_repair(here, there, stream, *transport);
        stream.rtp_component = bundle ? 1 : here.rtp_component;
        stream.rtcp_component = here.rtcp_mux && there.rtcp_mux ? stream.rtp_component : here.rtcp_component;
        stream.ssrc = here.ssrc.value_or(0);
        stream.remote_ssrc = there.ssrc;
        if (!transport->suites.empty()) {
            const auto& chosen = there.keys.size() <= here.keys.size() ? there.keys : here.keys; // the answer's
            if (chosen.empty())
                throw Failure(JF_BAD_INPUT, "the peer's media line " + std::to_string(i) + " has no key");
            stream.send_key = key_for(here.keys, chosen.front().suite);
            stream.receive_key = key_for(there.keys, chosen.front().suite);
            if (!stream.send_key || !stream.receive_key)
                throw Failure(JF_BAD_INPUT, "the peer chose an encryption that was not offered");
        }
        if (transport->dtls) {
            stream.fingerprint = there.fingerprint;
            stream.dtls_role = role_in_handshake(here.setup, there.setup);
        }
        streams.push_back(std::move(stream));
    }
    if (streams.empty())
        throw Failure(JF_UNSUPPORTED, "no common media: the peer rejected every line");
    return streams;
}

std::vector<MediaPlace> places_of(const std::vector<AgreedStream>& streams)
{
    std::vector<MediaPlace> places;
    for (const auto& stream : streams) {
        for (const int component : {stream.rtp_component, stream.rtcp_component}) {
            const MediaPlace place{stream.channel, static_cast<std::uint32_t>(component)};
            if (std::ranges::find(places, place) == places.end())
                places.push_back(place);
        }
    }
    return places;
}

std::vector<std::uint32_t> components_of(const std::vector<AgreedStream>& streams)
{
    std::vector<std::uint32_t> components;
    for (const auto& place : places_of(streams)) {
        if (place.channel.empty())
            components.push_back(place.component);
    }
    return components;
}

} // namespace jackfield::kernel
