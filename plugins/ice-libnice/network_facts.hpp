// What a look at the network brought, and what that means: a pure function from the one to the other.
//
// Threads: values; any.
#pragma once

#include "config.hpp"
#include "turn_allocation.hpp"

#include <jackfield/diagnosis.hpp>
#include <shared/ice/local_addresses.hpp>
#include <shared/stun/behaviour_discovery.hpp>

namespace jackfield::ice {

/// One STUN server, by one family of addresses.
struct StunFacts {
    std::string server; // as the configuration has it
    bool v6 = false;
    std::string problem;  // why nothing could be asked, or nothing listens; empty: it answered, or was silent
    bool refused = false; // its host is there, and says that nothing listens
    shared_stun::NatReport report;
    std::optional<bool> hairpin; // our own outside can be reached from the inside; nothing: not tried
    double answer_ms = 0;

    bool answered() const { return report.mapped.has_value(); }
};

/// How far one relay was come to.
enum class RelayStage { name, connecting, handshake, allocating, granted };

struct TurnFacts {
    std::string server;
    RelayTransport transport = RelayTransport::udp;
    std::uint16_t port = 0;
    RelayStage stage = RelayStage::name;
    std::string problem;                    // why it went no further; empty: silence
    bool refused = false;                   // its host is there, and says that nothing listens
    std::optional<AllocationAnswer> answer; // of the relay
    long certificate_error = 0;             // X509_V_ERR_..
    std::string certificate_valid;          // "2026-11-01 .. 2026-12-01", of the relay's
    double connect_ms = 0;
    double handshake_ms = 0;
    double allocate_ms = 0;

    bool works() const { return answer && answer->granted; }
    /// It, or its host, said something.
    bool answered() const
    {
        return answer.has_value() || refused || (transport != RelayTransport::udp && stage >= RelayStage::handshake);
    }
};

/// What a router said about port mappings (PCP, NAT-PMP, UPnP), or its firewall about pinholes of IPv6 (PCP, UPnP).
struct PortMappingFacts {
    std::string protocol; // empty: it mapped nothing
    std::string external; // the router's own outside address; of a pinhole, ours
    std::string problem;  // why it mapped nothing; empty: silence
    double took_ms = 0;
};

struct NetworkFacts {
    std::vector<IpAddress> addresses; // those that a session would gather on
    bool only_loopback = false;       // there are no others
    bool route_v4 = false;            // to somewhere out there
    bool route_v6 = false;
    bool global_v6 = false; // an address that others could reach
    bool lacks_v4 = false;  // and then this is how it is reached; empty: it is not
    std::string nat64;
    std::vector<StunFacts> stun;
    std::vector<TurnFacts> turn;
    bool relay_only = false;
    std::optional<PortMappingFacts> port_mapping; // nothing: it is off
    std::optional<PortMappingFacts> pinhole;      // the same, or there is no IPv6 that others could reach
};

std::vector<Finding> findings_of(const NetworkFacts& facts);

} // namespace jackfield::ice
