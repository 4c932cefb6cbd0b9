// Which addresses of this machine a session gathers on.
//
// Threads: any; asks the system anew at each call, so a changed network is seen by the next gather.
#pragma once

#include "address_options.hpp"

namespace jackfield::ice {

inline constexpr std::size_t kMaxLocalAddresses = 16;

struct Interface {
    std::string name;
    IpAddress address;
    bool up = false;
    bool loopback = false;
};

/// One entry per address of each interface.
std::vector<Interface> system_interfaces();

/// Never a link-local address; loopback only if configured or if there is nothing else.
std::vector<IpAddress> choose_addresses(const AddressOptions& options, const std::vector<Interface>& interfaces);

/// The address that the system sends from to there; nothing if there is no way.
std::optional<IpAddress> source_towards(const IpAddress& remote);

} // namespace jackfield::ice
