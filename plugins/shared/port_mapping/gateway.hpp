// Which router our packets go through.
//
// Threads: any; asks the system anew at each call.
#pragma once

#include <shared/ice/ip_address.hpp>

namespace shared_port_mapping {

/// The next hop of the IPv4 default route with the lowest metric; nothing if there is none, or it has no address.
std::optional<jackfield::ice::IpAddress> default_gateway();

/// In the text of /proc/net/route.
std::optional<jackfield::ice::IpAddress> read_default_gateway(std::string_view routes);

/// The same for IPv6, of the routes by that interface. Most often a link-local address, which means nothing elsewhere.
std::optional<jackfield::ice::IpAddress> default_gateway_v6(std::string_view interface);

/// In the text of /proc/net/ipv6_route.
std::optional<jackfield::ice::IpAddress> read_default_gateway_v6(std::string_view routes, std::string_view interface);

} // namespace shared_port_mapping
