// The multicast group of neighbours, and the interfaces that reach it.
//
// Threads: plain functions, any thread.
#pragma once

#include <asio/ip/udp.hpp>

#include <string>
#include <vector>

namespace discovery_lan {

inline const asio::ip::address_v4 kGroup({239, 255, 74, 76}); // of the local scope (RFC 2365 section 6.1)

/// Whoever is asked for this key answers, whatever he has.
inline constexpr const char* kAnybody = "*";

struct InterfaceAddress {
    std::string name;
    asio::ip::address_v4 address;
};

/// Every IPv4 address of this machine, also of interfaces that are down.
std::vector<InterfaceAddress> all_addresses();

/// Every address of an interface that is up, hears multicast, and is no loopback.
std::vector<InterfaceAddress> addresses_of_interfaces();

/// `group` hears all of that port.
void open_group(asio::ip::udp::socket& group, std::uint16_t port, asio::error_code& failed);

/// From `mouth` datagrams go to the group by that interface, and `group` hears what comes by it.
void open_mouth(asio::ip::udp::socket& mouth, asio::ip::udp::socket& group, const asio::ip::address_v4& address,
                asio::error_code& failed);

} // namespace discovery_lan
