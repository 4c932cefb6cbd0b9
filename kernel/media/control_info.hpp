// What is said about a running call beside its media, by INFO: digits and how the camera is held.
//
// Threads: plain functions on values, any thread. What comes from a peer is bounded and checked here, once.

#pragma once

#include "kernel/media/telephone_event.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace jackfield::kernel {

inline constexpr std::string_view kDtmfRelay = "application/dtmf-relay";
inline constexpr std::string_view kMediaControl = "application/media_control+xml"; // RFC 5168
inline constexpr std::size_t kMaxInfoBytes = 4096;

/// "Signal=5" CR LF "Duration=160" CR LF, as telephones of the field write it, and "Number=1" CR LF if it has one:
/// whoever says it again over another link says the same.
std::string write_dtmf(const Digit& digit);

/// Nothing if there is no key in it. A duration that is missing or beyond ten seconds becomes 100 ms.
std::optional<Digit> read_dtmf(std::string_view body);

/// <media_control><vc_primitive><to_encoder><device_orientation=-90/></to_encoder></vc_primitive></media_control>: the
/// pictures are to be turned by so much, 0, 90, 180 or 270 degrees clockwise. Relatives write minus the angle, in an
/// element that is no XML, and read nothing else; so do we.
std::string write_orientation(std::uint32_t degrees);

/// By how much the peer's pictures are to be turned clockwise; nothing if it does not say, or says what is no quarter.
/// Elements are looked for by name; entities, comments and the rest of XML mean nothing here.
std::optional<std::uint32_t> read_orientation(std::string_view body);

/// Whether the peer asks for a key frame (RFC 5168): <picture_fast_update/>.
bool asks_for_picture(std::string_view body);

} // namespace jackfield::kernel
