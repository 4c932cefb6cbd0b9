// Profile cards: as much of vCard 4.0 (RFC 6350) as people are shown, and the one we write ourselves.
//
// A reader of our own, since no library of Debian reads vCard 4.0 and costs little, and there is not much to read:
// lines that are folded, parameters that are skipped, escapes. What is not shown is kept as it stands in the card.
// Threads: plain functions, any thread.

#pragma once

#include "kernel/error.hpp"

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace jackfield::kernel {

namespace vcard_limits {

// With its headers in one message of 64 KiB, which is what the signaling plugins take.
inline constexpr std::size_t kBytes = 60 * 1024;
inline constexpr std::size_t kLines = 1024; // once unfolded
inline constexpr std::size_t kOfAKind = 16; // telephones, mail addresses; more are skipped

} // namespace vcard_limits

inline constexpr std::string_view kVcardType = "text/vcard"; // RFC 6350 section 10.1

struct Vcard {
    std::string name;                    // FN, never empty
    std::string family;                  // of N
    std::string given;                   // of N
    std::vector<std::string> telephones; // TEL, as it stands there: a URI or a text
    std::vector<std::string> mails;      // EMAIL
    std::string note;                    // NOTE, may have several lines
};

/// JF_BAD_INPUT with the line: too large, no UTF-8, control characters, no vCard 4.0, not just one card, no FN.
std::expected<Vcard, Error> read_vcard(std::string_view text);

/// A card that has the name and nothing else; lines are folded (section 3.2).
std::string write_vcard(std::string_view name);

/// The card without what is large: PHOTO, LOGO, SOUND and KEY. `text` is one that can be read.
std::string without_media(std::string_view text);

} // namespace jackfield::kernel
