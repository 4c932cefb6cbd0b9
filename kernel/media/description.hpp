// A media description, offer or answer, as a value (kernel/abi/schemas/media-description.schema.json).
//
// Threads: plain values and functions, any thread. What comes from a peer is bounded and checked here, once.

#pragma once

#include "kernel/error.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace jackfield::kernel {

enum class MediaKind { audio, video };

std::string_view name_of(MediaKind kind);

/// As the sender of the description sees it (RFC 3264).
struct Direction {
    bool send = true;
    bool receive = true;

    bool operator==(const Direction&) const = default;
};

struct LineCodec {
    int payload_type = 0;
    std::string name;
    int clock_rate_hz = 0;
    int channels = 1;
    std::string parameters;
    std::vector<std::string> feedback;
};

struct SdesKey {
    int tag = 1;
    std::string suite;
    std::string key;

    bool operator==(const SdesKey&) const = default;
};

struct MediaLine {
    MediaKind kind = MediaKind::audio;
    bool rejected = false;
    Direction direction;
    std::string mid;
    std::string profile;
    std::string channel; // of the link, with the component behind it; empty: over connectivity
    int rtp_component = 1;
    int rtcp_component = 1;
    bool rtcp_mux = false;
    std::string address; // without ICE: where RTP goes
    std::optional<int> port;
    std::string rtcp_address; // and RTCP, if it does not go to the port after RTP's
    std::optional<int> rtcp_port;
    std::string towards;     // of ours: where the peer is that it is meant for; goes over no wire
    std::string fingerprint; // of the certificate in the DTLS handshake on the media path
    std::string setup;       // who begins it: actpass, active, passive
    std::optional<std::uint32_t> ssrc;
    std::optional<std::uint32_t> repair_ssrc; // of what is sent again (RFC 4588)
    std::string cname;
    std::vector<LineCodec> codecs;
    std::vector<SdesKey> keys;
};

struct MediaDescription {
    std::string ice; // a description of connectivity.h; empty without ICE
    bool ice_complete = true;
    bool bundle = false;
    bool without_ice = false; // ours is for a peer that does none; goes over no wire
    std::vector<MediaLine> lines;
};

std::string to_json(const MediaDescription& description);

/// Throws Failure JF_BAD_INPUT with the place of what is wrong.
MediaDescription parse_media_description(std::string_view json);

} // namespace jackfield::kernel
