// The crypto suites this transport speaks, by the names SDP uses (RFC 4568, RFC 7714).
//
// Threads: any.
#pragma once

#include <shared/rtp/protection.hpp>

namespace jackfield::srtp {

using namespace rtp; // SRTP is RTP with two steps more

/// Every suite, best first: AEAD_AES_128_GCM protects about five times as many packets per second here.
std::span<const Suite> all_suites();

/// Null if this transport does not speak it.
const Suite* find_suite(std::string_view name);

} // namespace jackfield::srtp
