// The lines of an offer or answer, one by one: what first descriptions and later ones are made of.
//
// Threads: plain functions on values, any thread.

#pragma once

#include "kernel/media/negotiate.hpp"

#include <bitset>
#include <string>
#include <string_view>

namespace jackfield::kernel {

using PayloadTypes = std::bitset<128>;

inline constexpr std::string_view kTelephoneEvent = "telephone-event"; // RFC 4733 section 2.4.1

inline constexpr std::string_view kRepair = "rtx"; // RFC 4588 section 8.6

/// Names of encodings know no case (RFC 8866 section 6.6).
bool same_encoding(std::string_view a, std::string_view b);

/// A line with everything we can do, fresh keys and a fresh source. `used` grows by its payload types.
MediaLine offered_line(const MediaCapabilities& ours, const TransportOption& transport, MediaKind kind,
                       const Wish& wish, PayloadTypes& used);

/// Our line for one of an offer, with fresh keys and a fresh source; rejected if nothing is common.
MediaLine answered_line(const MediaCapabilities& ours, const Wish& wish, const MediaLine& offered);

/// All lines on one path as far as the answer says so.
void settle_components(MediaDescription& answer);

} // namespace jackfield::kernel
