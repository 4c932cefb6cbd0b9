// The methods that may reach signaling over a link: Allow of whatever we say ourselves (RFC 3261 section 20.5).
//
// Threads: constants.
#pragma once

#include <string_view>

namespace discovery_sip {

inline constexpr std::string_view kAllow = "INVITE, ACK, CANCEL, BYE, OPTIONS, MESSAGE, INFO";

} // namespace discovery_sip
