// message/imdn+xml (RFC 5438 section 7): the receipt by which a device says that it has kept a text.
//
// Threads: plain functions, any thread.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace jackfield::kernel {

inline constexpr std::string_view kImdnType = "message/imdn+xml";

struct Receipt {
    std::string message_id;
    bool delivered = false; // false: the device says that it failed, or something about display and relays
};

std::string write_receipt(const std::string& message_id, std::int64_t now_ms);

/// Nothing if it is none.
std::optional<Receipt> read_receipt(std::string_view body);

} // namespace jackfield::kernel
