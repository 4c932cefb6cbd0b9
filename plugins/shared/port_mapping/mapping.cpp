// See mapping.hpp.
#include "mapping.hpp"

namespace shared_port_mapping {

std::string_view name_of(Protocol protocol)
{
    switch (protocol) {
    case Protocol::pcp:
        return "PCP";
    case Protocol::nat_pmp:
        return "NAT-PMP";
    case Protocol::upnp:
        return "UPnP";
    }
    return "?";
}

bool could_be_outside(const Endpoint& external)
{
    const IpAddress& address = external.address;
    return external.port != 0 && !address.is_v6() && address.bytes()[0] != 0 && !address.is_loopback() &&
           !address.is_link_local() && !address.is_group();
}

} // namespace shared_port_mapping
