// Port mappings of one instance, and pinholes of IPv6: asked for in the background, kept, renewed, and taken back at
// the end. Nobody waits for a router but a thread of its own.
//
// Threads:  everything on any thread; results come on the mapper's.
// Lifetime: Mappings go before the mapper, whose destructor takes back what is mapped, for at most kGoodbye.
#pragma once

#include "mapping.hpp"

#include <memory>

namespace shared_port_mapping {

struct Settings {
    std::vector<Protocol> protocols{Protocol::pcp, Protocol::nat_pmp, Protocol::upnp}; ///< none: nothing is sent
    std::optional<Endpoint> router;              ///< where PCP is asked; else port 5351 of the system's default gateway
    std::optional<Endpoint> search;              ///< where UPnP devices are looked for; else 239.255.255.250:1900
    std::optional<Endpoint> firewall;            ///< the same two for IPv6: else the gateway of the address's interface
    std::optional<Endpoint> search_v6;           ///< else ff02::c, port 1900
    std::chrono::milliseconds patience{300};     ///< for a protocol that is preferred to one that answers already
    std::chrono::milliseconds renew_floor{4000}; ///< two requests for a mapping are never closer
};

class PortMapper {
public:
    static constexpr std::chrono::milliseconds kGoodbye{500};
    static constexpr std::size_t kMaxFirewalls = 16;      ///< addresses of IPv6 with pinholes at a time
    static constexpr std::chrono::seconds kLookAgain{30}; ///< where no router mapped ports, the next request looks anew

    using Log = std::function<void(const std::string&)>; // [mapper]
    using Result = std::function<void(const Outcome&)>;  // [mapper]

    /// Looks for a router at once, so that it is known when the first mapping is wanted.
    PortMapper(Settings settings, Log log);
    PortMapper(const PortMapper&) = delete;
    PortMapper& operator=(const PortMapper&) = delete;
    ~PortMapper();

    /// While it lives, the mapping is kept.
    class Mapping;

    /// Of IPv4 at the address that the router sees us at; of IPv6 at any of ours, and then what is granted is that very
    /// address and port. The result comes once, and again if the router moves the mapping to another port later. None
    /// after the Mapping has gone, but for one that is being said at that moment.
    std::unique_ptr<Mapping> map(const Wanted& wanted, Result result);

private:
    class Keeper;
    struct Thread;

    std::unique_ptr<Thread> thread_;
    std::shared_ptr<Keeper> keeper_; // second owner: what is under way. After the thread: its sockets are that one's
};

class PortMapper::Mapping {
public:
    Mapping(std::shared_ptr<Keeper> keeper, std::uint64_t number) : keeper_(std::move(keeper)), number_(number) {}
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;
    ~Mapping(); // takes it back

private:
    std::shared_ptr<Keeper> keeper_; // second owner: the mapper
    std::uint64_t number_;
};

} // namespace shared_port_mapping
