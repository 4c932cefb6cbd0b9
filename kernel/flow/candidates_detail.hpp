// What a blob offers, for the timeline: its candidates, read as far as a person would want to.
//
// Threads: a plain function, any thread.

#pragma once

#include <string>
#include <string_view>

namespace jackfield::kernel {

/// {"candidates": [{"transport": "udp", "type": "host", "address": "192.0.2.1", "port": 5000}, ..]}, at most 64. Lines
/// that are none are left out: a stranger may have written them.
std::string candidates_detail(std::string_view blob);

} // namespace jackfield::kernel
