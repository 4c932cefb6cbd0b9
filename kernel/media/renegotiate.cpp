// Offer and answer in a running call. See renegotiate.hpp.

#include "kernel/media/renegotiate.hpp"

#include "kernel/media/lines.hpp"
#include "kernel/media/protection.hpp"

#include <algorithm>

namespace jackfield::kernel {

namespace {

constexpr std::size_t kMostLines = 8; // as the schema has it

const Wish& wish_for(const Wishes& wishes, MediaKind kind)
{
    return kind == MediaKind::audio ? wishes.audio : wishes.video;
}

/// What both ends have used so far stays what it was (RFC 3264 section 8.3.2).
PayloadTypes used_types(const Negotiated& now)
{
    PayloadTypes used;
    for (const auto* description : {&now.local, &now.remote}) {
        for (const auto& line : description->lines) {
            for (const auto& codec : line.codecs)
                used.set(static_cast<std::size_t>(codec.payload_type));
        }
    }
    return used;
}

std::string free_mid(const MediaDescription& one, const MediaDescription& other)
{
    for (int number = 0;; ++number) {
        const std::string mid = std::to_string(number);
        const auto taken = [&](const MediaLine& line) { return line.mid == mid; };
        if (std::ranges::none_of(one.lines, taken) && std::ranges::none_of(other.lines, taken))
            return mid;
    }
}

/// The line as it is in use: the codec in use first, the one key in use, the components in use.
MediaLine line_in_use(const MediaLine& ours, const AgreedStream& stream)
{
    MediaLine line = ours;
    std::ranges::stable_partition(line.codecs,
                                  [&](const auto& codec) { return codec.payload_type == stream.payload_type; });
    std::erase_if(line.keys, [&](const SdesKey& key) { return key != stream.send_key; });
    if (!stream.fingerprint.empty())
        line.setup = "actpass"; // RFC 8842 section 5.2: who answers keeps to the roles there are
    line.rtp_component = stream.rtp_component;
    line.rtcp_component = stream.rtcp_component;
    line.rtcp_mux = stream.rtp_component == stream.rtcp_component;
    return line;
}

void reject(MediaLine& line)
{
    line.rejected = true; // port 0 (RFC 3264 section 8.2)
    line.direction = {false, false};
    line.keys.clear();
    line.ssrc.reset();
    line.repair_ssrc.reset();
}

/// Where packets of a new line go: onto the path of all, or on a pair of components of its own, numbered by its place.
void place(MediaLine& line, std::size_t index, const Negotiated& now, const MediaDescription& offer,
           std::uint32_t components)
{
    if (now.bundled()) {
        line.rtp_component = line.rtcp_component = 1;
        line.rtcp_mux = true;
        return;
    }
    const auto before = offer.lines.begin() + static_cast<std::ptrdiff_t>(std::min(index, offer.lines.size()));
    const auto rank = std::count_if(offer.lines.begin(), before, [&](const MediaLine& other) {
        return other.channel.empty() == line.channel.empty();
    });
    line.rtp_component = static_cast<int>(rank) * 2 + 1;
    line.rtcp_component = line.rtp_component + 1;
    if (line.channel.empty() && static_cast<std::uint32_t>(line.rtcp_component) > components)
        throw Failure(JF_EXHAUSTED, "this call has no components of connectivity left for one more stream");
}

void add_line(const MediaCapabilities& ours, MediaKind kind, const Wish& wish, const Negotiated& now,
              std::uint32_t components, MediaDescription& offer)
{
    const auto* transport = transport_for(ours, kind);
    PayloadTypes used = used_types(now);
    auto line = offered_line(ours, *transport, kind, wish, used);
    if (transport->over_channels()) {
        const auto named = std::ranges::find_if(offer.lines, [](const auto& other) { return !other.channel.empty(); });
        line.channel = named != offer.lines.end() ? named->channel : ours.make_channel();
    }
    line.mid = free_mid(now.local, now.remote);
    std::size_t index = 0;
    while (index < offer.lines.size() && !(offer.lines[index].rejected && offer.lines[index].kind == kind))
        ++index;
    if (index == kMostLines)
        throw Failure(JF_EXHAUSTED, "this call has no room for one more media line");
    place(line, index, now, offer, components);
    line.towards = now.peer_address();
    if (index == offer.lines.size())
        offer.lines.push_back(std::move(line));
    else
        offer.lines[index] = std::move(line); // RFC 3264 section 8.1: the slot is used again
}

/// Our line for one that goes on, if the peer goes on with what is in use. Otherwise we begin anew, too: packets of one
/// source and key are never numbered twice.
std::optional<MediaLine> kept_answer(const MediaCapabilities& ours, const Wish& wish, const MediaLine& offered,
                                     const MediaLine& mine, const MediaLine& theirs, const AgreedStream& stream)
{
    const auto codec = std::ranges::find(offered.codecs, stream.payload_type, &LineCodec::payload_type);
    const bool same_codec = codec != offered.codecs.end() && same_encoding(codec->name, stream.codec.name);
    const bool same_source = offered.ssrc == theirs.ssrc && offered.mid == theirs.mid;
    if (!same_codec || !same_source || offered.channel != mine.channel || !wish.wanted)
        return std::nullopt;
    MediaLine line = line_in_use(mine, stream);
    std::erase_if(line.codecs, [&](const LineCodec& one) {
        return one.payload_type != stream.payload_type && one.payload_type != stream.event_payload_type &&
               !(stream.repair && one.payload_type == stream.repair->payload_type);
    });
    if (stream.receive_key) {
        const auto key = std::ranges::find_if(offered.keys, [&](const SdesKey& one) {
            return one.suite == stream.receive_key->suite && one.key == stream.receive_key->key;
        });
        if (key == offered.keys.end() || line.keys.empty())
            return std::nullopt;
        line.keys.front().tag = key->tag; // RFC 4568 section 5.1.2
    }
    if (!stream.fingerprint.empty()) {
        line.setup = stream.dtls_role == "client" ? "active" : "passive"; // RFC 8842 section 5.5
        if (offered.fingerprint != theirs.fingerprint || offered.setup == line.setup)
            return std::nullopt;
    }
    line.towards = offered.address;
    line.mid = offered.mid;
    line.rtp_component = offered.rtp_component;
    line.rtcp_component = offered.rtcp_component;
    line.rtcp_mux = offered.rtcp_mux && ours.may_bundle;
    line.direction = {wish.send && offered.direction.receive, wish.receive && offered.direction.send};
    return line;
}

/// A stream of that kind has its line still; a second one at once is not wanted.
bool goes_on_elsewhere(const Negotiated& now, const MediaDescription& offer, MediaKind kind)
{
    return std::ranges::any_of(now.streams, [&](const AgreedStream& stream) {
        return stream.kind == kind && stream.line < offer.lines.size() && !offer.lines[stream.line].rejected;
    });
}

} // namespace

std::string Negotiated::peer_address() const
{
    const auto named = std::ranges::find_if(remote.lines, [](const MediaLine& line) { return !line.address.empty(); });
    return named == remote.lines.end() ? std::string() : named->address;
}

const AgreedStream* Negotiated::stream_of(std::size_t line) const
{
    const auto found = std::ranges::find(streams, line, &AgreedStream::line);
    return found == streams.end() ? nullptr : &*found;
}

MediaDescription make_next_offer(const MediaCapabilities& ours, const Wishes& wishes, const Negotiated& now,
                                 std::uint32_t components)
{
    MediaDescription offer;
    offer.bundle = now.bundled();
    offer.without_ice = now.without_ice();
    bool has[2] = {false, false}; // by kind
    for (std::size_t i = 0; i < now.local.lines.size(); ++i) {
        const auto* stream = now.stream_of(i);
        const Wish& wish = wish_for(wishes, now.local.lines[i].kind);
        auto line = stream != nullptr ? line_in_use(now.local.lines[i], *stream) : now.local.lines[i];
        if (stream == nullptr || !wish.wanted) {
            reject(line);
        } else {
            line.direction = {wish.send, wish.receive};
            line.towards = now.remote.lines[i].address;
            has[line.kind == MediaKind::video ? 1 : 0] = true;
        }
        offer.lines.push_back(std::move(line));
    }
    if (wishes.audio.wanted && !has[0] && can_offer(ours, MediaKind::audio))
        add_line(ours, MediaKind::audio, wishes.audio, now, components, offer);
    if (wishes.video.wanted && !has[1] && can_offer(ours, MediaKind::video))
        add_line(ours, MediaKind::video, wishes.video, now, components, offer);
    return offer;
}

MediaDescription make_next_answer(const MediaCapabilities& ours, const Wishes& wishes, const Negotiated& now,
                                  const MediaDescription& offer)
{
    if (offer.lines.size() < now.local.lines.size())
        throw Failure(JF_BAD_INPUT, "the peer's offer has fewer media lines than the call"); // RFC 3264 section 8
    MediaDescription answer;
    answer.bundle = offer.bundle && (now.bundled() || now.streams.empty());
    answer.without_ice = now.without_ice();
    bool any = false;
    for (std::size_t i = 0; i < offer.lines.size(); ++i) {
        const auto& offered = offer.lines[i];
        const auto* stream = i < now.local.lines.size() ? now.stream_of(i) : nullptr;
        if (stream != nullptr && !offered.rejected && offered.kind != stream->kind)
            throw Failure(JF_BAD_INPUT, "the peer's media line " + std::to_string(i) + " has become another kind");
        Wish wish = wish_for(wishes, offered.kind);
        if (stream == nullptr && goes_on_elsewhere(now, offer, offered.kind))
            wish.wanted = false;
        std::optional<MediaLine> line;
        if (stream != nullptr && !offered.rejected)
            line = kept_answer(ours, wish, offered, now.local.lines[i], now.remote.lines[i], *stream);
        answer.lines.push_back(line ? std::move(*line) : answered_line(ours, wish, offered));
        any = any || !answer.lines.back().rejected;
    }
    if (!any)
        throw Failure(JF_UNSUPPORTED, "the peer's offer would leave the call without media");
    settle_components(answer);
    return answer;
}

bool goes_on(const AgreedStream& before, const AgreedStream& after)
{
    AgreedStream turned = after;
    turned.direction = before.direction;
    turned.event_payload_type = before.event_payload_type;
    turned.parameters = before.parameters;
    turned.feedback = before.feedback;
    turned.repair = before.repair;
    return turned == before;
}

} // namespace jackfield::kernel
