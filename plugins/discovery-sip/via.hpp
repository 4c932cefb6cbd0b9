// The topmost Via of what comes in and where a response goes by it (RFC 3261 section 18.2, RFC 3581 section 4).
//
// Threads: any. Lifetime: pure functions.
#pragma once

#include <shared/sip/message.hpp>
#include <shared/sip/uri.hpp>

namespace discovery_sip {

/// The Via with where the request really came from: `received` if that is not what it says, or `rport` asks for it.
/// What the sender wrote there itself is dropped. Throws Failure JF_BAD_INPUT if it names no host.
std::string stamped_via(const std::string& via, const shared_sip::HostPort& source);

/// Where a response with that topmost Via goes. Nothing if it names no address.
std::optional<shared_sip::HostPort> response_target(const std::string& via);

} // namespace discovery_sip
