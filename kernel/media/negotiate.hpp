// Offer, answer and what they mean together (RFC 3264): which codec, which key, which path for each stream.
//
// Threads: plain functions on values, any thread.

#pragma once

#include "kernel/config/slots.hpp"
#include "kernel/media/description.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace jackfield::kernel {

/// One codec of one codec plugin (kernel/abi/schemas/codec-capabilities.schema.json).
struct CodecOption {
    std::size_t plug = 0; // index of the codec plugin on the board
    MediaKind kind = MediaKind::audio;
    std::string name;
    int clock_rate_hz = 0;
    int channels = 1;
    std::string parameters;
    std::optional<int> static_payload_type;
    int sample_rate_hz = 0;
    int frame_ms = 20;
    int default_bitrate_bps = 0;
    int min_bitrate_bps = 0; // a congestion controller asks for no less; 0: as the default
    std::vector<std::string> feedback;

    bool operator==(const CodecOption&) const = default;
};

/// One media transport, what it is for and what it can do.
struct TransportOption {
    std::size_t plug = 0; // index of the transport on the board
    Carriage carriage;
    std::string profile;             // "RTP/SAVP"
    std::vector<std::string> suites; // in order of preference; empty: no keys needed
    std::vector<std::string> feedback;
    std::function<std::string(const std::string& suite)> make_key;
    bool dtls = false;             // keys come of a handshake on the path (RFC 5764)
    std::string fingerprint;       // of our certificate in it
    bool telephone_events = false; // sends and receives them beside the sound (RFC 4733)
    bool retransmission = false;   // sends pictures again that were lost on the way (RFC 4588)

    bool over_channels() const { return carriage.over == Over::kMultiplexer; }
    bool carries(MediaKind kind) const { return kind == MediaKind::audio ? carriage.audio : carriage.video; }
};

/// What this end can do.
struct MediaCapabilities {
    std::vector<CodecOption> codecs;         // in order of preference: of the plugins, then of each plugin's own
    std::vector<TransportOption> transports; // in order of preference
    bool may_bundle = true;
    std::function<std::uint32_t()> make_ssrc;
    std::function<std::string()> make_channel; // a name that no other call's media has
    std::string cname;
};

/// What this end wants of one kind.
struct Wish {
    bool wanted = true;
    bool send = true;
    bool receive = true;

    bool operator==(const Wish&) const = default;
};

struct Wishes {
    Wish audio;
    Wish video;

    bool operator==(const Wishes&) const = default;
};

/// What a stream needs to send again what was lost (RFC 4588).
struct AgreedRepair {
    int payload_type = 0;
    std::uint32_t ssrc = 0;
    std::optional<std::uint32_t> remote_ssrc;

    bool operator==(const AgreedRepair&) const = default;
};

/// One stream that both want, as seen from this end.
struct AgreedStream {
    MediaKind kind = MediaKind::audio;
    std::size_t line = 0; // of the descriptions
    Direction direction;
    CodecOption codec;
    int payload_type = 0; // to send with
    std::vector<int> receive_payload_types;
    std::string parameters;    // fmtp of the peer
    std::size_t transport = 0; // index on the board
    std::string channel;       // empty: over connectivity
    int rtp_component = 1;
    int rtcp_component = 1;
    std::uint32_t ssrc = 0;
    std::optional<std::uint32_t> remote_ssrc;
    std::optional<SdesKey> send_key;
    std::optional<SdesKey> receive_key;
    std::string fingerprint; // of the peer's certificate, if there is a handshake on the path
    std::string dtls_role;   // ours in it: "client", "server"
    std::vector<std::string> feedback;
    std::optional<int> event_payload_type; // of telephone events, both ways
    std::optional<AgreedRepair> repair;

    bool operator==(const AgreedStream&) const = default;
};

/// Our offer, without ICE.
MediaDescription make_offer(const MediaCapabilities& ours, const Wishes& wishes);

/// Whether this end can offer that kind: it has a codec and a transport for it. What it cannot is left out of offers.
bool can_offer(const MediaCapabilities& ours, MediaKind kind);

/// Our answer, without ICE. Throws Failure JF_UNSUPPORTED if nothing at all is common.
MediaDescription make_answer(const MediaCapabilities& ours, const Wishes& wishes, const MediaDescription& offer);

/// What the two descriptions mean. Throws Failure JF_BAD_INPUT if the answer does not fit the offer.
std::vector<AgreedStream> agree(const MediaCapabilities& ours, const MediaDescription& local,
                                const MediaDescription& remote);

/// Where the packets of a stream go: a component of connectivity or, with a name, of channels of the link.
struct MediaPlace {
    std::string channel;
    std::uint32_t component = 1;

    bool operator==(const MediaPlace&) const = default;
};

/// The places that the streams use, each once; and of these the components of connectivity.
std::vector<MediaPlace> places_of(const std::vector<AgreedStream>& streams);
std::vector<std::uint32_t> components_of(const std::vector<AgreedStream>& streams);

/// The first transport that carries that kind; null if none does.
const TransportOption* transport_for(const MediaCapabilities& ours, MediaKind kind);

/// What the name of every channel of media begins with.
inline constexpr std::string_view kMediaChannel = "media-";

} // namespace jackfield::kernel
