// RTP headers, read strictly and written plainly (RFC 3550 section 5.1), and which packets are RTCP (RFC 5761).
//
// Threads: any; nothing here keeps state or allocates. Everything read comes from a stranger: each length is checked.
#pragma once

#include <jackfield/basic.hpp>

#include <optional>

namespace jackfield::rtp {

inline constexpr std::size_t kRtpHeaderBytes = 12;

/// The largest packet that is sent or looked at; larger ones are refused. An Ethernet frame is smaller.
inline constexpr std::size_t kMaxPacketBytes = 2048;

/// The largest payload that is kept for play-out.
inline constexpr std::size_t kMaxPayloadBytes = 1500;

struct RtpHeader {
    std::uint16_t sequence = 0;
    std::uint32_t timestamp = 0;
    std::uint32_t ssrc = 0;
    std::uint8_t payload_type = 0;
    bool marker = false;
    bool padded = false;
    std::size_t size_bytes = kRtpHeaderBytes; ///< with contributing sources and extension
};

/// True if a packet on a path that RTP and RTCP share is RTCP: payload types 64..95 with the marker are packet types
/// 192..223 (RFC 5761 section 4).
bool looks_like_rtcp(ByteView packet);

/// What stands in clear in front of the payload; nothing if the packet is too short for what it says of itself.
std::optional<RtpHeader> parse_rtp_header(ByteView packet);

/// The payload without padding. Only for a packet in clear: padding is encrypted. Nothing if the padding is impossible.
std::optional<ByteView> rtp_payload(ByteView packet, const RtpHeader& header);

/// Writes the fixed header; returns its size. `out` has room for it.
std::size_t write_rtp_header(std::span<std::uint8_t> out, const RtpHeader& header);

} // namespace jackfield::rtp
