// The rules: explicit addresses win, then named interfaces, then every interface that is up, then loopback.
//
// Threads: pure but for system_interfaces, which asks the kernel (about 50 microseconds).
#include "local_addresses.hpp"

#include <jackfield/basic.hpp>

#include <ifaddrs.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

namespace jackfield::ice {

std::vector<Interface> system_interfaces()
{
    ifaddrs* list = nullptr;
    if (getifaddrs(&list) != 0)
        throw Failure(JF_INTERNAL, "getifaddrs failed: the addresses of this machine are unknown");
    const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(list, &freeifaddrs);

    std::vector<Interface> result;
    for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
        if (entry->ifa_addr == nullptr)
            continue;
        const auto address = IpAddress::from_sockaddr(entry->ifa_addr);
        if (!address)
            continue;
        constexpr unsigned kUsable = IFF_UP | IFF_RUNNING;
        result.push_back({entry->ifa_name, *address, (entry->ifa_flags & kUsable) == kUsable,
                          (entry->ifa_flags & IFF_LOOPBACK) != 0});
    }
    return result;
}

std::vector<IpAddress> choose_addresses(const AddressOptions& options, const std::vector<Interface>& interfaces)
{
    if (!options.addresses.empty())
        return options.addresses;

    std::vector<IpAddress> chosen;
    std::vector<IpAddress> loopback;
    const auto add = [](std::vector<IpAddress>& list, const IpAddress& address) {
        if (list.size() < kMaxLocalAddresses && std::find(list.begin(), list.end(), address) == list.end())
            list.push_back(address);
    };
    for (const auto& interface : interfaces) {
        const bool named =
            std::find(options.interfaces.begin(), options.interfaces.end(), interface.name) != options.interfaces.end();
        if (!interface.up || interface.address.is_link_local() || (interface.address.is_v6() && !options.ipv6))
            continue;
        if (named || (options.interfaces.empty() && !interface.loopback))
            add(chosen, interface.address);
        else if (interface.loopback)
            add(loopback, interface.address);
    }
    // A machine without any network still can call itself; where interfaces are named, they are all there is.
    if (options.loopback || (chosen.empty() && options.interfaces.empty())) {
        for (const auto& address : loopback)
            add(chosen, address);
    }
    return chosen;
}

std::optional<IpAddress> source_towards(const IpAddress& remote)
{
    // Connecting a datagram socket sends nothing: it asks for the route.
    const int probe = socket(remote.is_v6() ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (probe < 0)
        return std::nullopt;
    sockaddr_storage address{};
    auto size = remote.to_sockaddr(9, address); // any port will do
    std::optional<IpAddress> source;
    if (connect(probe, reinterpret_cast<const sockaddr*>(&address), size) == 0 &&
        getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size) == 0)
        source = IpAddress::from_sockaddr(reinterpret_cast<const sockaddr*>(&address));
    close(probe);
    return source;
}

} // namespace jackfield::ice
