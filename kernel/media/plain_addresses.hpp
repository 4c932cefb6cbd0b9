// Addresses in media descriptions where a peer does no ICE (RFC 8839 sections 4.2.1.2 and 4.2.6): which of ours such a
// peer is told, and its own as a description for connectivity.
//
// Threads: plain functions on values, any thread; the system is asked for the route to an address.

#pragma once

#include "kernel/media/negotiate.hpp"

#include <string>

namespace jackfield::kernel {

/// Each line that is in use names the address and ports of ours that the peer will most likely reach, of those that
/// connectivity describes. Throws Failure if there is none.
void name_own_addresses(MediaDescription& ours, const std::string& connectivity);

/// What the peer announced, for connectivity (connectivity.h: a peer that does no ICE). A line on hold by the address
/// 0.0.0.0 (RFC 3264 section 8.4) does not move what was there before: `moved` says whether there was. Throws Failure.
std::string describe_plain_peer(const MediaDescription& remote, const std::vector<AgreedStream>& streams, bool moved);

} // namespace jackfield::kernel
