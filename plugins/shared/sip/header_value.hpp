// Header values of SIP: lists, parameters, what stands in angle brackets (RFC 3261 section 7.3 and 25.1).
//
// Threads: any. Lifetime: pure functions; views borrow from the text that was given.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace shared_sip {

/// ASCII, case does not matter.
bool same_word(std::string_view a, std::string_view b);
std::string to_lower(std::string_view text);
std::string_view stripped(std::string_view text);

/// Digits only, and no more than `most`.
std::optional<std::uint64_t> read_number(std::string_view text, std::uint64_t most);

/// The elements of a list; a comma within quotes or angle brackets divides nothing.
std::vector<std::string_view> split_list(std::string_view value, char separator = ',');

/// False if quotes or an angle bracket in it do not end: what is appended would be taken for a part of them.
bool is_closed(std::string_view value);

/// The value of `;name=value` behind what stands in angle brackets; empty for a bare `;name`. Quotes are taken off.
std::optional<std::string> parameter(std::string_view value, std::string_view name);

/// What stands in angle brackets, or all before the first parameter if there are none (name-addr or addr-spec).
std::string_view address_of(std::string_view value);

/// A quoted-string without its quotes and backslashes; other text as it is.
std::string unquoted(std::string_view text);

/// The text as a quoted-string.
std::string quoted(std::string_view text);

} // namespace shared_sip
