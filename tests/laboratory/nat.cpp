// A network address and port translator. See nat.hpp.

#include "nat.hpp"

namespace laboratory {

namespace {

constexpr std::uint16_t kFirstPort = 1024;
constexpr std::size_t kPorts = 65536 - kFirstPort;
constexpr std::size_t kMaxMappings = 16'384;
constexpr std::size_t kMaxRemotes = 4096; // of one mapping
constexpr std::uint8_t kTlsHandshake = 22;

/// What of a remote place something depends on; the rest is 0.
Place part_of(const Place& remote, Dependence dependence)
{
    switch (dependence) {
    case Dependence::endpoint_independent:
        return {};
    case Dependence::address_dependent:
        return {remote.address, 0};
    case Dependence::address_and_port_dependent:
        return remote;
    }
    return remote;
}

NatBehaviour restricted(Dependence filtering)
{
    NatBehaviour behaviour;
    behaviour.filtering = filtering;
    return behaviour;
}

} // namespace

std::string_view name_of(Dependence dependence)
{
    switch (dependence) {
    case Dependence::endpoint_independent:
        return "endpoint-independent";
    case Dependence::address_dependent:
        return "address-dependent";
    case Dependence::address_and_port_dependent:
        return "address-and-port-dependent";
    }
    return "?";
}

NatBehaviour full_cone()
{
    return restricted(Dependence::endpoint_independent);
}

NatBehaviour address_restricted()
{
    return restricted(Dependence::address_dependent);
}

NatBehaviour port_restricted()
{
    return restricted(Dependence::address_and_port_dependent);
}

NatBehaviour symmetric()
{
    NatBehaviour behaviour = port_restricted();
    behaviour.mapping = Dependence::address_and_port_dependent;
    behaviour.random_ports = true;
    return behaviour;
}

NatBehaviour udp_blocked()
{
    NatBehaviour behaviour = port_restricted();
    behaviour.udp = false;
    return behaviour;
}

NatBehaviour web_only()
{
    NatBehaviour behaviour = udp_blocked();
    behaviour.web_only = true;
    return behaviour;
}

NatBehaviour nat64()
{
    NatBehaviour behaviour = address_restricted();
    behaviour.random_ports = true;
    behaviour.ipv6_inside = true;
    return behaviour;
}

bool Nat::passes(const Packet& packet) const
{
    if (packet.protocol() == Protocol::udp)
        return behaviour_.udp;
    const std::uint16_t port = packet.destination().port;
    return !behaviour_.web_only || port == 80 || port == 443;
}

/// Where only the web is let out, the first that a client says to port 443 must be a record of TLS's handshake (RFC
/// 8446 section 5.1), and to port 80 a method of HTTP.
bool Nat::looks_allowed(const Packet& packet, bool& spoken) const
{
    const auto said = packet.payload();
    if (!behaviour_.web_only || said.empty() || spoken)
        return true;
    const bool tls = packet.destination().port == 443;
    spoken = tls ? said[0] == kTlsHandshake : said[0] >= 'A' && said[0] <= 'Z';
    return spoken;
}

bool Nat::outbound(Packet& packet, Time now)
{
    if (!passes(packet))
        return false;
    Mapping* const mapping = find_or_make(packet, now);
    if (mapping == nullptr)
        return false;
    mapping->used = now; // by the inside alone: RFC 4787 section 4.3 warns of refreshing by the outside
    if (mapping->remotes.size() >= kMaxRemotes && !mapping->remotes.contains(packet.destination()))
        return false;
    bool& spoken = mapping->remotes[packet.destination()];
    spoken = spoken && !packet.begins_connection();
    if (!looks_allowed(packet, spoken))
        return false;
    packet.set_source({outside_, mapping->port});
    return true;
}

bool Nat::inbound(Packet& packet, Time now)
{
    if (packet.protocol() == Protocol::udp && !behaviour_.udp)
        return false;
    const auto found = mappings_.find({packet.protocol(), packet.destination().port});
    if (found == mappings_.end() || expired(packet.protocol(), found->second, now) ||
        !admits(found->second, packet.source()))
        return false;
    packet.set_destination(found->second.inside);
    return true;
}

bool Nat::admits(const Mapping& mapping, const Place& remote) const
{
    switch (behaviour_.filtering) {
    case Dependence::endpoint_independent:
        return true;
    case Dependence::address_dependent: {
        const auto first = mapping.remotes.lower_bound({remote.address, 0});
        return first != mapping.remotes.end() && first->first.address == remote.address;
    }
    case Dependence::address_and_port_dependent:
        return mapping.remotes.contains(remote);
    }
    return false;
}

bool Nat::expired(Protocol protocol, const Mapping& mapping, Time now) const
{
    return now - mapping.used >= (protocol == Protocol::udp ? behaviour_.udp_timeout : behaviour_.tcp_timeout);
}

Nat::Mapping* Nat::find_or_make(const Packet& packet, Time now)
{
    const Protocol protocol = packet.protocol();
    const Key key{protocol, packet.source(), part_of(packet.destination(), behaviour_.mapping)};
    if (const auto known = ports_.find(key); known != ports_.end()) {
        const auto mapping = mappings_.find({protocol, known->second});
        if (!expired(protocol, mapping->second, now))
            return &mapping->second;
        mappings_.erase(mapping);
        ports_.erase(known);
    }
    if (mappings_.size() >= kMaxMappings)
        return nullptr;
    const auto port = free_port(protocol, packet.source().port, now);
    if (!port)
        return nullptr;
    if (const auto old = mappings_.find({protocol, *port}); old != mappings_.end()) { // it has expired
        std::erase_if(ports_, [&](const auto& one) { return one.first.protocol == protocol && one.second == *port; });
        mappings_.erase(old);
    }
    ports_[key] = *port;
    return &(mappings_[{protocol, *port}] = {packet.source(), *port, {}, now});
}

bool Nat::taken(Protocol protocol, std::uint16_t port, Time now) const
{
    const auto found = mappings_.find({protocol, port});
    return found != mappings_.end() && !expired(protocol, found->second, now);
}

std::optional<std::uint16_t> Nat::free_port(Protocol protocol, std::uint16_t wanted, Time now)
{
    const bool kept = !behaviour_.random_ports && wanted >= kFirstPort;
    const std::size_t first = kept ? wanted - kFirstPort : random_() % kPorts;
    for (std::size_t step = 0; step < kPorts; ++step) {
        const auto port = static_cast<std::uint16_t>(kFirstPort + (first + step) % kPorts);
        if (!taken(protocol, port, now))
            return port;
    }
    return std::nullopt;
}

void Nat::reboot()
{
    ports_.clear();
    mappings_.clear();
}

std::size_t Nat::mappings(Time now) const
{
    std::size_t count = 0;
    for (const auto& [outer, mapping] : mappings_)
        count += expired(outer.first, mapping, now) ? 0 : 1;
    return count;
}

} // namespace laboratory
