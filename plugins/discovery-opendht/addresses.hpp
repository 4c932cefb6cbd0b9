// Addresses and ids as OpenDHT has them, and as the rest of this plugin and people do.
//
// Threads: functions without state.
#pragma once

#include "dht_wire.hpp"

#include <opendht/infohash.h>
#include <opendht/sockaddr.h>

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

namespace discovery_opendht {

inline dht::SockAddr numeric_address(const std::string& host, std::uint16_t port)
{
    return dht::SockAddr::resolve(host, std::to_string(port)).at(0);
}

/// Why the address cannot be bound, in the system's words: OpenDHT does not pass them on.
inline std::string why_not(const dht::SockAddr& address)
{
    const int socket = ::socket(address.getFamily(), SOCK_DGRAM, 0);
    const bool bound = socket >= 0 && ::bind(socket, address.get(), address.getLength()) == 0;
    const std::string reason = bound ? "it was busy a moment ago" : std::strerror(errno);
    if (socket >= 0)
        ::close(socket);
    return reason;
}

inline NodeId node_id_of(const dht::InfoHash& hash)
{
    NodeId id;
    std::copy_n(hash.data(), id.size(), id.begin());
    return id;
}

inline std::string address_text(const dht::SockAddr& address)
{
    return address ? address.toString() : std::string();
}

} // namespace discovery_opendht
