// What a host of the laboratory finds out about the NAT in front of it, from a real STUN server (RFC 5780).
//
// Threads: the test's, which waits.
#pragma once

#include "network.hpp"

#include <shared/stun/behaviour_discovery.hpp>

namespace laboratory {

/// Asks the server at that place, from a socket of its own in the host's namespace.
shared_stun::NatReport probe(const Host& host, const Place& server);

/// What a probe should find behind a NAT of that behaviour: "endpoint-independent mapping, address-dependent
/// filtering", or that no UDP gets through.
std::string expected_report(const NatBehaviour& behaviour);
std::string text_of(const shared_stun::NatReport& report);

} // namespace laboratory
