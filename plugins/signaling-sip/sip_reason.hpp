// What a SIP status and a Reason header (RFC 3326) mean to the kernel, and the other way round.
//
// Threads: any. Lifetime: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace jackfield::sip {

/// JF_REASON_* of a final status that refuses a call.
std::uint32_t reason_of_status(int code);

/// The status that refuses a call for that reason; nothing for reasons that refuse nothing.
std::optional<int> status_of_reason(std::uint32_t reason);

/// The value of a Reason header for CANCEL and BYE; empty where none is needed.
std::string write_reason(std::uint32_t reason);

/// JF_REASON_* of a Reason header; `otherwise` if it says nothing we know.
std::uint32_t read_reason(std::optional<std::string_view> value, std::uint32_t otherwise);

/// The text of a Reason header, bounded; empty if there is none.
std::string reason_text(std::optional<std::string_view> value);

/// The value of a parameter of a header, with quotes taken off; empty if there is none. Only for what has no quoted
/// separators before it.
std::string_view header_parameter(std::string_view value, std::string_view name);

} // namespace jackfield::sip
