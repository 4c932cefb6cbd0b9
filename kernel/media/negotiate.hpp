// Offer, answer and what they mean together (RFC 3264): which codec, which key, which path for each stream.
//
// Threads: plain functions on values, any thread.

#pragma once

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
    std::vector<std::string> feedback;

    bool operator==(const CodecOption&) const = default;
};

/// What this end can do.
struct MediaCapabilities {
    std::vector<CodecOption> codecs; // in order of preference: of the plugins, then of each plugin's own
    std::string profile;             // "RTP/SAVP"
    std::vector<std::string> suites; // in order of preference; empty: no keys needed
    std::vector<std::string> feedback;
    bool may_bundle = true;
    std::function<std::string(const std::string& suite)> make_key;
    std::function<std::uint32_t()> make_ssrc;
    std::string cname;
};

/// What this end wants of one kind.
struct Wish {
    bool wanted = true;
    bool send = true;
    bool receive = true;
};

struct Wishes {
    Wish audio;
    Wish video;
};

/// One stream that both want, as seen from this end.
struct AgreedStream {
    MediaKind kind = MediaKind::audio;
    Direction direction;
    CodecOption codec;
    int payload_type = 0; // to send with
    std::vector<int> receive_payload_types;
    std::string parameters; // fmtp of the peer
    int rtp_component = 1;
    int rtcp_component = 1;
    std::uint32_t ssrc = 0;
    std::optional<std::uint32_t> remote_ssrc;
    std::optional<SdesKey> send_key;
    std::optional<SdesKey> receive_key;
    std::vector<std::string> feedback;

    bool operator==(const AgreedStream&) const = default;
};

/// Our offer, without ICE.
MediaDescription make_offer(const MediaCapabilities& ours, const Wishes& wishes);

/// Our answer, without ICE. Throws Failure JF_UNSUPPORTED if nothing at all is common.
MediaDescription make_answer(const MediaCapabilities& ours, const Wishes& wishes, const MediaDescription& offer);

/// What the two descriptions mean. Throws Failure JF_BAD_INPUT if the answer does not fit the offer.
std::vector<AgreedStream> agree(const MediaCapabilities& ours, const MediaDescription& local,
                                const MediaDescription& remote);

/// The components that the streams use, each once.
std::vector<std::uint32_t> components_of(const std::vector<AgreedStream>& streams);

} // namespace jackfield::kernel
