// See group.hpp.
#include "group.hpp"

#include <asio/ip/multicast.hpp>

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

namespace discovery_lan {

namespace {

std::vector<InterfaceAddress> addresses_with(unsigned wanted, unsigned unwanted)
{
    std::vector<InterfaceAddress> addresses;
    ifaddrs* all = nullptr;
    if (::getifaddrs(&all) != 0)
        return addresses;
    for (const ifaddrs* one = all; one != nullptr; one = one->ifa_next) {
        if (one->ifa_addr != nullptr && one->ifa_addr->sa_family == AF_INET && (one->ifa_flags & wanted) == wanted &&
            (one->ifa_flags & unwanted) == 0)
            addresses.push_back(
                {one->ifa_name,
                 asio::ip::address_v4(ntohl(reinterpret_cast<const sockaddr_in*>(one->ifa_addr)->sin_addr.s_addr))});
    }
    ::freeifaddrs(all);
    return addresses;
}

} // namespace

std::vector<InterfaceAddress> all_addresses()
{
    return addresses_with(0, 0);
}

std::vector<InterfaceAddress> addresses_of_interfaces()
{
    return addresses_with(IFF_UP | IFF_MULTICAST, IFF_LOOPBACK);
}

void open_group(asio::ip::udp::socket& group, std::uint16_t port, asio::error_code& failed)
{
    group.set_option(asio::ip::udp::socket::reuse_address(true), failed);
    group.bind({asio::ip::address_v4::any(), port}, failed);
}

void open_mouth(asio::ip::udp::socket& mouth, asio::ip::udp::socket& group, const asio::ip::address_v4& address,
                asio::error_code& failed)
{
    mouth.bind({address, 0}, failed);
    if (!failed)
        mouth.set_option(asio::ip::multicast::outbound_interface(address), failed);
    if (!failed)
        mouth.set_option(asio::ip::multicast::hops(1), failed);
    if (!failed)
        group.set_option(asio::ip::multicast::join_group(kGroup, address), failed);
    if (!failed)
        mouth.non_blocking(true, failed);
}

} // namespace discovery_lan
