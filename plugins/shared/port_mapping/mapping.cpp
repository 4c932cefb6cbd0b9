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

std::string problem_with(const Wanted& wanted, const Granted& granted)
{
    if (wanted.is_pinhole()) // to where no peer comes
        return granted.external == wanted.internal ? "" : "a pinhole to another address was granted";
    return could_be_outside(granted.external) ? "" : "an outside was granted that is none";
}

} // namespace shared_port_mapping
