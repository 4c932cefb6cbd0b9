// What jackfield check prints: a table for people, one JSON object for scripts (check.schema.json).
//
// Threads: plain functions.
#pragma once

#include "tools/jackfield/check_run.hpp"

namespace jackfield::program {

struct CheckReport {
    CheckRequest request;
    std::vector<CheckOutcome> outcomes;
    std::vector<CheckNote> notes;
    std::int64_t took_ms = 0;
};

bool has_bad(const CheckReport& report);

/// One line, and below what does not hold what was seen, the rule and what to do.
std::string outcome_lines(const CheckOutcome& outcome, bool colour);

/// Two lines.
std::string note_lines(const CheckNote& note);

/// "12 passed, 1 failed, ... in 0.3 s, seed 7"
std::string check_summary(const CheckReport& report);

std::string check_json(const CheckReport& report);

} // namespace jackfield::program
