// RTP headers (RFC 3550 section 5.1) and the split of RTP and RTCP on one path (RFC 5761 section 4).
//
// Threads: any. Every byte read here is untrusted.
#include "rtp_packet.hpp"

#include "wire.hpp"

namespace jackfield::rtp {

namespace {

constexpr std::uint8_t kVersion = 2;

} // namespace

bool looks_like_rtcp(ByteView packet)
{
    return packet.size() >= 2 && packet[1] >= 192 && packet[1] <= 223;
}

std::optional<RtpHeader> parse_rtp_header(ByteView packet)
{
    if (packet.size() < kRtpHeaderBytes || packet[0] >> 6 != kVersion)
        return std::nullopt;
    RtpHeader header;
    header.padded = (packet[0] & 0x20U) != 0;
    header.marker = (packet[1] & 0x80U) != 0;
    header.payload_type = packet[1] & 0x7fU;
    header.sequence = read_u16(&packet[2]);
    header.timestamp = read_u32(&packet[4]);
    header.ssrc = read_u32(&packet[8]);

    const std::size_t contributing_sources = packet[0] & 0x0fU;
    header.size_bytes += 4 * contributing_sources;
    const bool extended = (packet[0] & 0x10U) != 0;
    if (extended) { // RFC 3550 section 5.3.1: 16 bits of profile, 16 bits of length in words
        if (packet.size() < header.size_bytes + 4)
            return std::nullopt;
        header.size_bytes += 4 + 4 * std::size_t{read_u16(&packet[header.size_bytes + 2])};
    }
    if (packet.size() < header.size_bytes)
        return std::nullopt;
    return header;
}

std::optional<ByteView> rtp_payload(ByteView packet, const RtpHeader& header)
{
    if (packet.size() < header.size_bytes)
        return std::nullopt;
    const ByteView rest = packet.subspan(header.size_bytes);
    if (!header.padded)
        return rest;
    if (rest.empty()) // the count of padding bytes is itself a padding byte
        return std::nullopt;
    const std::size_t padding = rest.back();
    if (padding == 0 || padding > rest.size())
        return std::nullopt;
    return rest.first(rest.size() - padding);
}

std::size_t write_rtp_header(std::span<std::uint8_t> out, const RtpHeader& header)
{
    out[0] = kVersion << 6;
    out[1] = static_cast<std::uint8_t>((header.marker ? 0x80U : 0U) | (header.payload_type & 0x7fU));
    write_u16(&out[2], header.sequence);
    write_u32(&out[4], header.timestamp);
    write_u32(&out[8], header.ssrc);
    return kRtpHeaderBytes;
}

} // namespace jackfield::rtp
