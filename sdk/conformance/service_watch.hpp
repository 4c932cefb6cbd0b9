// Which services the plugin asked its hosts for: its manifest is to name them.
//
// Threads: any. Lifetime: of the process, in which one test runs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace jackfield::conformance {

/// Of every get_service of an instance that is under test.
void service_asked(std::string_view interface_id);

/// Each once, in the order of the alphabet.
std::vector<std::string> asked_services();

/// For the next test in this process.
void forget_services();

} // namespace jackfield::conformance
