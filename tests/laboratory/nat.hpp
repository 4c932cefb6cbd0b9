// A network address and port translator with every behaviour of RFC 4787 (UDP) and RFC 5382 (TCP) that a call meets.
//
// Ours, and not the kernel's: nftables has one mapping and one filtering, and both depend on timing there.
//
// Threads: one at a time. No clock of its own: the caller says when.
#pragma once

#include "packet.hpp"

#include <chrono>
#include <map>
#include <random>

namespace laboratory {

using Time = std::chrono::nanoseconds;

/// On what of the far end something depends (RFC 4787 sections 4.1 and 5).
enum class Dependence { endpoint_independent, address_dependent, address_and_port_dependent };

std::string_view name_of(Dependence dependence);

struct NatBehaviour {
    Dependence mapping = Dependence::endpoint_independent;
    Dependence filtering = Dependence::endpoint_independent;
    bool random_ports = false; // otherwise a port is kept if it is free
    bool hairpin = false;      // packets to our own outside come back in (section 6)
    bool udp = true;           // otherwise none gets through
    bool refuses_udp = false;  // and whoever sends some hears of it (ICMP port unreachable, RFC 792)
    bool web_only = false;     // nothing but HTTP to port 80 and TLS to port 443
    bool ipv6_inside = false;  // and no IPv4: a NAT64
    std::chrono::seconds udp_timeout{120};
    std::chrono::seconds tcp_timeout{7440}; // RFC 5382 section 5
};

/// The classic names (RFC 3489 section 5) in the words of RFC 4787.
NatBehaviour full_cone();
NatBehaviour address_restricted();
NatBehaviour port_restricted();
NatBehaviour symmetric();
NatBehaviour udp_blocked();
NatBehaviour web_only();

/// RFC 6146: mapping must not depend on the far end, filtering may on its address (section 3.5).
NatBehaviour nat64();

class Nat {
public:
    Nat(const NatBehaviour& behaviour, Address outside, std::uint64_t seed)
        : behaviour_(behaviour), outside_(outside), random_(seed)
    {}

    /// What is dropped, and its sender hears of it.
    bool refuses(const Packet& packet) const
    {
        return packet.protocol() == Protocol::udp && !behaviour_.udp && behaviour_.refuses_udp;
    }

    /// From the inside to the outside: with another source. False: it is dropped.
    bool outbound(Packet& packet, Time now);

    /// From the outside to one inside: with another destination. False: it is dropped.
    bool inbound(Packet& packet, Time now);

    Address outside() const { return outside_; }
    const NatBehaviour& behaviour() const { return behaviour_; }

    /// From now on. What is mapped stays mapped.
    void behave(const NatBehaviour& behaviour) { behaviour_ = behaviour; }

    /// Has another address outside; all mappings are forgotten.
    void renumber(Address outside)
    {
        outside_ = outside;
        reboot();
    }

    /// All mappings are forgotten, as when the router is switched off and on.
    void reboot();

    std::size_t mappings(Time now) const;

private:
    struct Mapping {
        Place inside;
        std::uint16_t port = 0;
        std::map<Place, bool> remotes; // that were sent to; has more than the making of a connection been?
        Time used{};                   // by the inside
    };
    /// What a mapping is found by from the inside; what of the remote it does not depend on is 0.
    struct Key {
        Protocol protocol;
        Place inside;
        Place remote;
        friend auto operator<=>(const Key&, const Key&) = default;
    };
    using Outer = std::pair<Protocol, std::uint16_t>;

    bool passes(const Packet& packet) const;
    bool looks_allowed(const Packet& packet, bool& spoken) const;
    bool admits(const Mapping& mapping, const Place& remote) const;
    bool expired(Protocol protocol, const Mapping& mapping, Time now) const;
    Mapping* find_or_make(const Packet& packet, Time now);
    std::optional<std::uint16_t> free_port(Protocol protocol, std::uint16_t wanted, Time now);
    bool taken(Protocol protocol, std::uint16_t port, Time now) const;

    NatBehaviour behaviour_;
    Address outside_;
    std::mt19937_64 random_;
    std::map<Key, std::uint16_t> ports_; // of each mapping on the outside
    std::map<Outer, Mapping> mappings_;
};

} // namespace laboratory
