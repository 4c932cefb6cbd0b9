// Headers that a packet might have had. See ip_headers.hpp.

#include "ip_headers.hpp"

namespace path_trace {

namespace {

constexpr std::size_t kIpBytes = 20;
constexpr std::size_t kUdpBytes = 8;
constexpr std::size_t kTcpBytes = 20;
constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kUdp = 17;

void put16(std::uint8_t* at, std::size_t value)
{
    at[0] = static_cast<std::uint8_t>(value >> 8);
    at[1] = static_cast<std::uint8_t>(value);
}

void put32(std::uint8_t* at, std::uint32_t value)
{
    put16(at, value >> 16);
    put16(at + 2, value & 0xffff);
}

/// RFC 791 section 3.1.
std::uint16_t checksum(std::span<const std::uint8_t> header)
{
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < header.size(); i += 2)
        sum += static_cast<std::uint32_t>(header[i] << 8 | header[i + 1]);
    while (sum > 0xffff)
        sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>(~sum);
}

} // namespace

std::span<const std::uint8_t> IpHeaders::next(bool from_caller, std::size_t body_bytes)
{
    const std::size_t size = kIpBytes + (stream_ ? kTcpBytes : kUdpBytes);
    bytes_.fill(0);
    std::uint8_t* const ip = bytes_.data();
    ip[0] = 0x45; // version 4, five words
    put16(ip + 2, size + body_bytes);
    ip[6] = 0x40; // don't fragment
    ip[8] = 64;   // time to live
    ip[9] = stream_ ? kTcp : kUdp;
    put32(ip + 12, from_caller ? 0xC0000201 : 0xC0000202);
    put32(ip + 16, from_caller ? 0xC0000202 : 0xC0000201);
    put16(ip + 10, checksum({ip, kIpBytes}));

    std::uint8_t* const transport = ip + kIpBytes;
    put16(transport, port_);
    put16(transport + 2, port_);
    if (!stream_) {
        put16(transport + 4, kUdpBytes + body_bytes); // RFC 768; a checksum of 0 is none
    } else {
        std::uint32_t& ours = sequence_[from_caller ? 0 : 1];
        put32(transport + 4, ours); // RFC 9293 section 3.1
        put32(transport + 8, sequence_[from_caller ? 1 : 0]);
        transport[12] = 0x50; // five words
        transport[13] = 0x18; // PSH, ACK
        put16(transport + 14, 0xffff);
        ours += static_cast<std::uint32_t>(body_bytes);
    }
    return {bytes_.data(), size};
}

} // namespace path_trace
