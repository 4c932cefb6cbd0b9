// Small rules of SIP text: tokens, quoting, escaping, UTF-8, random identifiers.
//
// Threads: any. Lifetime: pure functions, everything is returned by value.
#pragma once

#include <jackfield/host.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace jackfield::sip {

/// Most bytes of a display name that go out or are handed up.
inline constexpr std::size_t kDisplayNameBytes = 128;

/// Well-formed UTF-8 (RFC 3629): no overlong forms, no surrogates.
bool is_utf8(std::string_view text);

/// Letters, digits and -.!%*_+`'~ (RFC 3261 section 25.1), at least one.
bool is_token(std::string_view text);

/// ASCII, case does not matter.
bool equals_ignoring_case(std::string_view a, std::string_view b);
std::string lower_case(std::string_view text);

std::string_view trim(std::string_view text);

/// Digits only, no sign, no more than `most`. Nothing if it is anything else.
std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t most);

/// Cuts to at most `most` bytes, on a character boundary.
std::string_view cut_utf8(std::string_view text, std::size_t most);

/// A display name as a quoted-string with its quotes, bounded; control characters become spaces.
std::string quote_display_name(std::string_view name);

/// A warn-text that says why (RFC 3261 section 20.43).
std::string warning(const std::string& domain, const std::string& text);

/// Undoes quoting; also takes the unquoted form. Bounded, without control characters.
std::string read_display_name(std::string_view raw);

/// The user part of a URI: all but the unreserved characters as %XX (RFC 3261 section 25.1).
std::string escape_user(std::string_view user);

/// Random hexadecimal text of 2 * bytes characters.
std::string random_hex(const Host& host, std::size_t bytes);

} // namespace jackfield::sip
