// What is asked of a router, and what it grants: a port of its outside whose packets come to a port of ours; for IPv6,
// whose addresses are the same on both sides, that its firewall lets in who comes to that port: a pinhole.
//
// Threads: values.
#pragma once

#include <shared/ice/peer_address.hpp>

#include <chrono>
#include <expected>
#include <functional>
#include <string>
#include <vector>

namespace shared_port_mapping {

using jackfield::Bytes;
using jackfield::ByteView;
using jackfield::ice::Endpoint;
using jackfield::ice::IpAddress;

/// In the order in which they are preferred.
enum class Protocol { pcp, nat_pmp, upnp };

/// "PCP", "NAT-PMP", "UPnP"
std::string_view name_of(Protocol protocol);

/// IP protocol numbers.
enum class Transport : std::uint8_t { tcp = 6, udp = 17 };

inline constexpr std::chrono::seconds kLifetime{3600};     ///< that is asked for
inline constexpr std::chrono::seconds kMaxLifetime{86400}; ///< that is believed (RFC 6887 section 15)
inline constexpr std::size_t kMaxMappings = 256;           ///< at a time, of one PortMapper

/// A port of ours.
struct Wanted {
    Transport transport = Transport::udp;
    Endpoint internal;

    bool is_pinhole() const { return internal.address.is_v6(); }

    friend bool operator==(const Wanted&, const Wanted&) = default;
};

struct Granted {
    Protocol protocol = Protocol::pcp;
    Endpoint external;
    std::chrono::seconds lifetime{}; ///< 0: until it is taken back

    friend bool operator==(const Granted&, const Granted&) = default;
};

/// What a router said, or why it said nothing.
using Outcome = std::expected<Granted, std::string>;

/// No port of a router that leads to a peer has such an address. IPv4.
bool could_be_outside(const Endpoint& external);

/// Empty, or why what was granted is of no use.
std::string problem_with(const Wanted& wanted, const Granted& granted);

} // namespace shared_port_mapping
