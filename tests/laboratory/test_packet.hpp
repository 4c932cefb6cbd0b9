// IPv4 packets as a host makes them, and whether their checksums hold.
#pragma once

#include "packet.hpp"

#include <string_view>

namespace laboratory {

/// The sum of RFC 1071; 0 over something whose checksum is right.
inline std::uint16_t checksum(std::span<const std::uint8_t> bytes, std::uint32_t sum = 0)
{
    for (std::size_t at = 0; at < bytes.size(); ++at)
        sum += at % 2 == 0 ? bytes[at] << 8 : bytes[at];
    while (sum >> 16 != 0)
        sum = (sum & 0xFFFFU) + (sum >> 16);
    return static_cast<std::uint16_t>(~sum);
}

inline std::uint16_t checksum_above(std::span<const std::uint8_t> packet)
{
    const auto above = packet.subspan(20);
    std::uint32_t pseudo = packet[9] + static_cast<std::uint32_t>(above.size());
    for (std::size_t at = 12; at < 20; at += 2)
        pseudo += static_cast<std::uint32_t>(packet[at] << 8 | packet[at + 1]);
    return checksum(above, pseudo);
}

inline bool checksums_hold(const Packet& packet)
{
    return checksum(std::span(packet.bytes()).first(20)) == 0 && checksum_above(packet.bytes()) == 0;
}

inline std::vector<std::uint8_t> packet_bytes(Protocol protocol, const Place& from, const Place& to,
                                              std::string_view payload, std::uint8_t tcp_flags = 0x10)
{
    const std::size_t header = protocol == Protocol::udp ? 8 : 20;
    std::vector<std::uint8_t> bytes(20 + header + payload.size());
    const auto put = [&](std::size_t at, std::size_t value) {
        bytes[at] = static_cast<std::uint8_t>(value >> 8);
        bytes[at + 1] = static_cast<std::uint8_t>(value);
    };
    bytes[0] = 0x45;
    put(2, bytes.size());
    bytes[8] = 64;
    bytes[9] = static_cast<std::uint8_t>(protocol);
    put(12, from.address.value >> 16);
    put(14, from.address.value & 0xFFFFU);
    put(16, to.address.value >> 16);
    put(18, to.address.value & 0xFFFFU);
    put(10, checksum(std::span(bytes).first(20)));
    put(20, from.port);
    put(22, to.port);
    if (protocol == Protocol::udp) {
        put(24, header + payload.size());
    } else {
        bytes[32] = 0x50;
        bytes[33] = tcp_flags;
    }
    std::copy(payload.begin(), payload.end(), bytes.begin() + static_cast<std::ptrdiff_t>(20 + header));
    put(protocol == Protocol::udp ? 26 : 36, checksum_above(bytes));
    return bytes;
}

inline Packet make_packet(Protocol protocol, const Place& from, const Place& to, std::string_view payload = "hello",
                          std::uint8_t tcp_flags = 0x10)
{
    return *Packet::parse(packet_bytes(protocol, from, to, payload, tcp_flags));
}

} // namespace laboratory
