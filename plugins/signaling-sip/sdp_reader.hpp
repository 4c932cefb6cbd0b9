// SDP (RFC 8866) from a stranger as a media description: strict about form, bounded in everything, deaf to what it
// does not know.
//
// Threads: any. Lifetime: pure function.
#pragma once

#include "sdp_lines.hpp"

#include <shared/signaling/media_description.hpp>

#include <string_view>

namespace jackfield::sip {

using namespace signaling;

/// Bounds of what is read; beyond them the whole description is refused.
inline constexpr std::size_t kMaxSdpBytes = 65536;
inline constexpr std::size_t kMaxSdpLines = 2000;
inline constexpr std::size_t kMaxSdpLineBytes = 2048;
inline constexpr std::size_t kMaxSdpMedia = 32;

struct SdpReading {
    MediaDescription description;
    SdpSkeleton skeleton; ///< what an answer must mirror
};

/// ice: false lets the peer be one that does none, whatever it says. Throws Failure JF_BAD_INPUT (malformed) or
/// JF_UNSUPPORTED (no audio or video, several ICE sessions).
SdpReading read_sdp(std::string_view text, SdpRole role, bool ice = true);

} // namespace jackfield::sip
