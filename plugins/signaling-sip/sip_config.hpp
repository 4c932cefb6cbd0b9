// The plugin's configuration, read once and checked.
//
// Threads: the control thread. Lifetime: a value, copied into each session.
#pragma once

#include "sip_framing.hpp"
#include "sip_transactions.hpp"

#include <string>
#include <string_view>

namespace jackfield::sip {

struct SipConfig {
    std::string user_agent = "Jackfield";
    std::string domain = "jackfield.invalid";
    bool ice = true;
    FramingLimits limits;
    std::size_t max_waiting_bytes = 1048576;
    std::size_t max_calls = 16;
    TransactionTimeouts timeouts;
};

/// Throws ConfigError that starts with the JSON pointer of the wrong value.
SipConfig read_config(std::string_view config_json);

} // namespace jackfield::sip
