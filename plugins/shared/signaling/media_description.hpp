// An offer or an answer as a value, and as the JSON that crosses signaling/1 (media-description.schema.json).
//
// Threads: any. Lifetime: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace jackfield::signaling {

/// Bounds of the schema.
inline constexpr std::size_t kMaxMedia = 8;
inline constexpr std::size_t kMaxCandidates = 200;
inline constexpr std::size_t kMaxCodecs = 32;
inline constexpr std::size_t kMaxFeedback = 16;
inline constexpr std::size_t kMaxKeys = 8;
inline constexpr int kMaxComponent = 8;

struct CodecDescription {
    int payload_type = 0;
    std::string name;
    std::uint32_t clock_rate_hz = 0;
    int channels = 1;
    std::string parameters;
    std::vector<std::string> feedback;
};

struct KeyDescription {
    std::uint32_t tag = 1;
    std::string suite;
    std::string key;
};

struct MediaLine {
    std::string kind; ///< "audio" or "video"
    std::string mid;
    std::string direction = "sendrecv";
    bool rejected = false;
    std::string profile;
    std::string channel;   ///< over channels of the link instead of ICE
    int rtp_component = 0; ///< 0: not said
    int rtcp_component = 0;
    bool rtcp_mux = false;
    std::string address; ///< without ICE: where RTP goes
    std::optional<int> port;
    std::string rtcp_address; ///< and RTCP, if it does not go to the port after RTP's
    std::optional<int> rtcp_port;
    std::string fingerprint; ///< of the certificate in the handshake on the media path
    std::string setup;       ///< who begins it
    std::optional<std::uint32_t> ssrc;
    std::optional<std::uint32_t> repair_ssrc; ///< of what is sent again
    std::string cname;
    std::vector<CodecDescription> codecs;
    std::vector<KeyDescription> keys;
};

struct IceDescription {
    std::string ufrag;
    std::string pwd;
    std::vector<std::string> candidates; ///< components numbered over the whole session
    bool complete = true;
};

struct MediaDescription {
    std::optional<IceDescription> ice;
    bool bundle = false;
    std::vector<MediaLine> media;
};

/// Throws Failure JF_BAD_INPUT that starts with the JSON pointer of the wrong value. What it lets pass can be written
/// into a line of SDP: no text has a control character.
MediaDescription read_description(std::string_view json_text);

std::string write_description(const MediaDescription& description);

} // namespace jackfield::signaling
