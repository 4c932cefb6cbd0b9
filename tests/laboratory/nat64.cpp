// Translation of headers. See nat64.hpp.

#include "nat64.hpp"

#include <arpa/inet.h>

#include <algorithm>

namespace laboratory {

namespace {

constexpr std::size_t kV4Header = 20;
constexpr std::size_t kV6Header = 40;
constexpr std::size_t kPrefix = 12;
constexpr std::uint8_t kNeighboursPrefix[kPrefix] = {0x20, 0x01, 0x0d, 0xb8, 0x00, 0x64};
constexpr std::uint8_t kOutsidePrefix[kPrefix] = {0x00, 0x64, 0xff, 0x9b};

Ipv6Bytes behind(const std::uint8_t (&prefix)[kPrefix], Address address)
{
    Ipv6Bytes bytes{};
    std::ranges::copy(prefix, bytes.begin());
    for (std::size_t i = 0; i < 4; ++i)
        bytes[kPrefix + i] = static_cast<std::uint8_t>(address.value >> (24 - 8 * i));
    return bytes;
}

Ipv6Bytes address_at(std::span<const std::uint8_t> bytes, std::size_t at)
{
    Ipv6Bytes address{};
    std::ranges::copy(bytes.subspan(at, address.size()), address.begin());
    return address;
}

void put_word(std::vector<std::uint8_t>& bytes, std::size_t at, std::size_t value)
{
    bytes[at] = static_cast<std::uint8_t>(value >> 8);
    bytes[at + 1] = static_cast<std::uint8_t>(value);
}

/// RFC 1071. An odd byte stands before a zero.
std::uint32_t sum_of(std::span<const std::uint8_t> bytes)
{
    std::uint32_t sum = 0;
    for (std::size_t at = 0; at < bytes.size(); ++at)
        sum += at % 2 == 0 ? static_cast<std::uint32_t>(bytes[at] << 8) : bytes[at];
    return sum;
}

std::uint16_t folded(std::uint32_t sum)
{
    while (sum >> 16 != 0)
        sum = (sum & 0xFFFFU) + (sum >> 16);
    return static_cast<std::uint16_t>(~sum);
}

/// Of TCP and UDP, which covers the addresses (RFC 8200 section 8.1).
void sum_anew(std::vector<std::uint8_t>& bytes, std::size_t header, std::span<const std::uint8_t> addresses,
              std::uint8_t protocol)
{
    const bool udp = protocol == static_cast<std::uint8_t>(Protocol::udp);
    const std::size_t at = header + (udp ? 6 : 16);
    put_word(bytes, at, 0);
    const auto above = std::span<const std::uint8_t>(bytes).subspan(header);
    const std::uint16_t sum =
        folded(sum_of(addresses) + protocol + static_cast<std::uint32_t>(above.size()) + sum_of(above));
    put_word(bytes, at, udp && sum == 0 ? 0xFFFF : sum);
}

} // namespace

Ipv6Bytes neighbour_v6(Address address)
{
    return behind(kNeighboursPrefix, address);
}

Ipv6Bytes outside_v6(Address address)
{
    return behind(kOutsidePrefix, address);
}

std::optional<Address> v4_of(const Ipv6Bytes& address)
{
    if (!std::equal(std::begin(kNeighboursPrefix), std::end(kNeighboursPrefix), address.begin()) &&
        !std::equal(std::begin(kOutsidePrefix), std::end(kOutsidePrefix), address.begin()))
        return std::nullopt;
    std::uint32_t value = 0;
    for (std::size_t i = kPrefix; i < address.size(); ++i)
        value = value << 8 | address[i];
    return Address{value};
}

std::optional<Packet> to_v4(std::span<const std::uint8_t> bytes)
{
    if (bytes.size() < kV6Header || bytes[0] >> 4 != 6)
        return std::nullopt;
    const std::size_t above = static_cast<std::size_t>(bytes[4]) << 8 | bytes[5];
    const std::uint8_t protocol = bytes[6]; // another header would be there if there were options
    const auto source = v4_of(address_at(bytes, 8));
    const auto destination = v4_of(address_at(bytes, 24));
    const bool known = protocol == static_cast<std::uint8_t>(Protocol::tcp)   ? above >= 20
                       : protocol == static_cast<std::uint8_t>(Protocol::udp) ? above >= 8
                                                                              : false;
    if (!known || !source || !destination || bytes.size() < kV6Header + above)
        return std::nullopt;
    std::vector<std::uint8_t> packet(kV4Header + above);
    packet[0] = 0x45;
    packet[1] = static_cast<std::uint8_t>(bytes[0] << 4 | bytes[1] >> 4); // the traffic class
    put_word(packet, 2, packet.size());
    packet[6] = 0x40; // don't fragment: nobody does in IPv6
    packet[8] = bytes[7];
    packet[9] = protocol;
    for (std::size_t i = 0; i < 4; ++i) {
        packet[12 + i] = static_cast<std::uint8_t>(source->value >> (24 - 8 * i));
        packet[16 + i] = static_cast<std::uint8_t>(destination->value >> (24 - 8 * i));
    }
    put_word(packet, 10, folded(sum_of(std::span(packet).first(kV4Header))));
    std::ranges::copy(bytes.subspan(kV6Header, above), packet.begin() + kV4Header);
    const std::vector<std::uint8_t> addresses(packet.begin() + 12, packet.begin() + 20);
    sum_anew(packet, kV4Header, addresses, protocol);
    return Packet::parse(packet);
}

std::vector<std::uint8_t> to_v6(const Packet& packet)
{
    const auto& v4 = packet.bytes();
    const std::size_t header = (v4[0] & 0x0FU) * 4U;
    const std::size_t above = v4.size() - header;
    const Address to = packet.destination().address;
    const Address from = packet.source().address;
    const bool neighbour = from.value >> 8 == to.value >> 8;
    std::vector<std::uint8_t> bytes(kV6Header + above);
    bytes[0] = static_cast<std::uint8_t>(0x60 | v4[1] >> 4);
    bytes[1] = static_cast<std::uint8_t>(v4[1] << 4);
    put_word(bytes, 4, above);
    bytes[6] = v4[9];
    bytes[7] = v4[8];
    std::ranges::copy(neighbour ? neighbour_v6(from) : outside_v6(from), bytes.begin() + 8);
    std::ranges::copy(neighbour_v6(to), bytes.begin() + 24);
    std::copy(v4.begin() + static_cast<std::ptrdiff_t>(header), v4.end(), bytes.begin() + kV6Header);
    const std::vector<std::uint8_t> addresses(bytes.begin() + 8, bytes.begin() + 40);
    sum_anew(bytes, kV6Header, addresses, bytes[6]);
    return bytes;
}

} // namespace laboratory
