// Runs tests, each in a process of its own with a time limit, so that one that crashes or hangs ends nothing else.
//
// Threads: call it while this process has one thread. Lifetime: plain values.
#pragma once

#include "kit.hpp"

namespace jackfield::conformance {

enum class Result { passed, failed, crashed, timed_out, skipped };
std::string_view name_of(Result result);

struct Outcome {
    Result result = Result::failed;
    std::string seen; ///< why it did not pass
    std::string rule; ///< which one does not hold, if it is not the rule of the test
    std::chrono::milliseconds took{0};
    std::vector<std::string> asked = {}; ///< services, of the host
};

/// quiet: what the plugin writes to standard output and error is not shown; its last line is told if it crashes.
Outcome run_alone(const Test& test, const Request& request, std::chrono::seconds limit, bool quiet);

/// Same, in this process: for a debugger.
Outcome run_here(const Test& test, const Request& request);

/// Those of the list that the manifest beside a library makes due: about an interface that it names, or about every
/// plugin. The latter alone if there is no manifest.
std::vector<Test> tests_for(const std::string& library);

/// The text of sdk/CONTRACT.md.
std::string contract();

} // namespace jackfield::conformance
