// A media description as SDP (RFC 8866), offer or answer (RFC 3264).
//
// Threads: any. Lifetime: pure function.
#pragma once

#include "sdp_lines.hpp"

#include <shared/signaling/media_description.hpp>

#include <cstdint>
#include <string>

namespace jackfield::sip {

using namespace signaling;

/// The o= line of one session: the version grows with every description we send (RFC 3264 section 8).
struct SdpOrigin {
    std::uint64_t session_id = 0;
    std::uint64_t version = 0;
    bool ice = true; ///< false: no attribute of it is written, and the default addresses are all there is
};

/// `offer` is what is answered, null for an offer. Throws Failure JF_BAD_INPUT if the description cannot be said in
/// SDP, or does not fit its offer.
std::string write_sdp(const MediaDescription& description, const SdpOrigin& origin, const SdpSkeleton* offer);

} // namespace jackfield::sip
