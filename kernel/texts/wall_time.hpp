// The time of day as texts carry it: milliseconds since 1970, and the date-time of RFC 3339.
//
// Threads: plain functions, any thread.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace jackfield::kernel {

std::int64_t wall_ms();

/// "2026-11-27T04:50:00.123Z". RFC 3339 section 5.6, in UTC.
std::string date_time(std::int64_t ms);

/// The same back, with any offset. Nothing if it is none of the years 1970 to 9999.
std::optional<std::int64_t> read_date_time(std::string_view text);

} // namespace jackfield::kernel
