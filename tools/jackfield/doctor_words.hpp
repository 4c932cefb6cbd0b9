// What jackfield doctor prints: a line for each finding, the summary, and the document for scripts.
//
// Threads: plain functions, any thread.
#pragma once

#include "kernel/diagnosis/finding.hpp"

#include <string>
#include <vector>

namespace jackfield::program {

struct Diagnosis {
    std::vector<kernel::Finding> findings;
    bool complete = false; // everything that there is to look at was looked at
};

bool has_problem(const Diagnosis& diagnosis);

/// "problem  turn/0  sentence", with a line end.
std::string finding_line(const kernel::Finding& finding, bool colour);

/// The pairs of candidates that were tried for a peer, a line each, the most telling first; empty if the finding has
/// none.
std::string pairs_table(const kernel::Finding& finding);

/// Problems and notes once more, each with what to change, and how many of each verdict there are.
std::string diagnosis_summary(const Diagnosis& diagnosis, double took_ms);

/// One object (doctor.schema.json), with a line end.
std::string diagnosis_json(const Diagnosis& diagnosis, double took_ms);

} // namespace jackfield::program
