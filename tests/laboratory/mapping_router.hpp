// A home router as one buys them: Linux, nftables, and miniupnpd, which maps ports by PCP, NAT-PMP and UPnP, and opens
// pinholes of IPv6 by PCP and UPnP.
//
// Threads: the test's. Lifetime: the process dies with this object, and with the private world in any case.
#pragma once

#include "network.hpp"

#include "tools/jackfield/child.hpp"

#include <filesystem>

namespace laboratory {

class MappingRouter {
public:
    static bool installed();

    /// In the public network, with its files in that folder. Translates as Linux does: one mapping as long as the port
    /// is free, and a filter of addresses and ports. `protocols` are lines of miniupnpd's configuration. Throws
    /// std::runtime_error if it does not start.
    MappingRouter(Network& network, const std::filesystem::path& folder,
                  const std::string& protocols = "enable_natpmp=yes\nenable_upnp=yes\n");

    /// The same with IPv6, whose firewall lets nobody in who was not asked. `number` tells several of them apart.
    static std::unique_ptr<MappingRouter> with_ipv6(Network& network, const std::filesystem::path& folder,
                                                    std::uint8_t number = 1);
    MappingRouter(const MappingRouter&) = delete;
    MappingRouter& operator=(const MappingRouter&) = delete;

    Site& inside() { return inside_; }
    Address outside() const { return host_.address(); }

    /// How many ports it maps now, as its kernel has it.
    std::size_t mapped() const;
    std::size_t pinholes() const;

    std::string log() const;

private:
    MappingRouter(Network& network, std::filesystem::path folder, const std::string& protocols, std::uint8_t number,
                  bool ipv6);
    std::size_t rules(const std::string& chain, const std::string& word) const;

    Host& host_;
    Site& inside_;
    std::filesystem::path folder_;
    std::unique_ptr<jackfield::program::Child> process_;
};

} // namespace laboratory
