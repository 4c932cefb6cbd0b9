// What the plugins that make paths do the same way with the ports of the router: the option, which candidates want a
// port, and what the peer is told of it.
//
// Threads: pure functions.
#pragma once

#include "mapping.hpp"

#include <shared/ice/address_options.hpp>
#include <shared/ice/candidate.hpp>

namespace shared_port_mapping {

/// "port_mapping": all of them, none of them, or those that are named. Throws ConfigError.
std::vector<Protocol> read_protocols(const nlohmann::json& value, const std::string& place);

/// What is asked for so that a peer reaches this candidate of ours; nothing if no router can help. For IPv6 it is a
/// pinhole to the candidate itself, and the peer has nothing else to be told.
std::optional<Wanted> wanted_for(const jackfield::ice::Candidate& candidate);

/// What the peer is told of a port of IPv4: as if a server had seen our socket there (RFC 8445 section 5.1.1.2).
jackfield::ice::Candidate mapped_candidate(const jackfield::ice::Candidate& host, const Granted& granted);

} // namespace shared_port_mapping
