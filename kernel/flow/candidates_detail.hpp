// What a blob offers: its candidates, read as far as a person or the flow would want to.
//
// Threads: a plain function, any thread.

#pragma once

#include <string>
#include <string_view>

namespace jackfield::kernel {

/// {"candidates": [{"transport": "udp", "type": "host", "address": "192.0.2.1", "port": 5000}, ..]}, at most 64. Lines
/// that are none are left out: a stranger may have written them.
std::string candidates_detail(std::string_view blob);

/// Whether it offers candidates, and all of them are addresses of the machine itself: no server has said yet what
/// others see of it, and there is no relay.
bool only_host_candidates(std::string_view blob);

} // namespace jackfield::kernel
