// How a media line is protected, which transport of ours does it so, and who begins a handshake on the media path.
//
// Threads: plain functions on values, any thread.

#pragma once

#include "kernel/media/negotiate.hpp"

#include <string>

namespace jackfield::kernel {

/// In clear; by keys in the description (RFC 4568); by a handshake on the media path (RFC 5763). None of them is ever
/// taken for another.
enum class Protection { none, keys, handshake };

Protection protection_of(const MediaLine& line);

/// The first transport that goes where the line says, protects as the line does, and has a suite of it; null if none.
const TransportOption* find_transport(const MediaCapabilities& ours, const MediaLine& line);

/// Our word for an offer's `setup` (RFC 5763 section 5): we begin where we may, which saves half a round trip.
std::string answered_setup(const std::string& offered);

/// "client" for who begins. Throws Failure JF_BAD_INPUT if both would, or none.
std::string role_in_handshake(const std::string& ours, const std::string& theirs);

} // namespace jackfield::kernel
