// The configuration of one instance, read once and checked.
//
// Threads: constant after construction.
#pragma once

#include <chrono>
#include <cstddef>
#include <string_view>

namespace jackfield::json_signaling {

struct Options {
    std::size_t max_message_bytes = 65536;
    std::size_t max_waiting_bytes = 1048576;
    std::size_t max_calls = 16;
    std::chrono::milliseconds answer_timeout{5000};  // for the peer's program, to anything but an invite
    std::chrono::milliseconds invite_timeout{32000}; // for its first sign of life after an invite
};

/// Throws ConfigError.
Options read_options(std::string_view config_json);

} // namespace jackfield::json_signaling
