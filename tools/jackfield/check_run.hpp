// One plugin under the conformance kit: which tests there are for it, and how each of them ends. The kit is a program
// of its own (sdk/conformance), which runs each test in a process of its own; so the plugin is two processes away from
// us.
//
// Threads: the main thread. Lifetime: plain values; what a run has started is over when it returns.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace jackfield::program {

/// What is checked, and what it needs around it.
struct CheckRequest {
    std::filesystem::path library;
    std::filesystem::path manifest;
    std::vector<std::string> around; // options of the kit: --config, --environment, --identity and others
    std::uint32_t seed = 1;
    std::chrono::seconds limit{30}; // for each test
};

struct CheckTest {
    std::string rule;
    std::string interface_id; // empty: for every plugin
    std::string name;
};

enum class CheckResult { passed, failed, crashed, timed_out, skipped };

struct CheckOutcome {
    CheckTest test; // with the rule that does not hold, should that be another
    CheckResult result = CheckResult::failed;
    std::string seen;
    std::string must; // the rule, and what to do; empty if it passed
    std::string fix;
    std::int64_t took_ms = 0;
    std::vector<std::string> asked; // services that the plugin asked its hosts for
};

/// What is no mistake and may be one.
struct CheckNote {
    std::string rule;
    std::string seen;
    std::string advice;
};

bool is_bad(CheckResult result);

/// What the manifest alone tells: whether the kernel reads it, names this library, and finds it the only one of its id.
CheckOutcome check_manifest(const CheckRequest& request);

/// The kit's tests for this plugin. Throws Stop if there is no kit.
std::vector<CheckTest> check_tests(const CheckRequest& request);

/// What the manifest needs and nobody asked for in all these tests. Nothing if one of them did not come to its end.
std::vector<CheckNote> unasked_needs(const CheckRequest& request, const std::vector<CheckOutcome>& outcomes);

CheckOutcome run_check(const CheckTest& test, const CheckRequest& request);

} // namespace jackfield::program
