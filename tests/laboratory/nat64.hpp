// Between a host that has IPv6 alone and a network of IPv4: headers translated (RFC 7915), addresses by a prefix (RFC
// 6052). Together with the NAT of a router it is a NAT64 (RFC 6146).
//
// A host is known on the IPv4 side by an address that nobody sees: what follows the site's own prefix in its IPv6 one.
//
// Threads: pure functions.
#pragma once

#include "packet.hpp"

#include <array>

namespace laboratory {

using Ipv6Bytes = std::array<std::uint8_t, 16>;

inline constexpr const char* kNat64Prefix = "64:ff9b::"; // of everybody out there (RFC 6052 section 2.1); 96 bits

/// The IPv6 address of a host of a site that has no IPv4: 2001:db8:64::c0a8:102 for 192.168.1.2.
Ipv6Bytes neighbour_v6(Address address);

/// The address of everybody else: 64:ff9b::c633:6401 for 198.51.100.1.
Ipv6Bytes outside_v6(Address address);

/// What either of them stands for; nothing if it is neither.
std::optional<Address> v4_of(const Ipv6Bytes& address);

/// A packet of IPv6 as IPv4. Nothing if it is no whole one of TCP or UDP, or leads elsewhere: those go nowhere here.
std::optional<Packet> to_v4(std::span<const std::uint8_t> bytes);

/// And back, for the host that has that address among its neighbours (/24).
std::vector<std::uint8_t> to_v6(const Packet& packet);

} // namespace laboratory
