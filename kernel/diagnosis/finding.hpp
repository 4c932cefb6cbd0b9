// What was looked at when somebody asked why calls fail, and what was seen.
//
// Threads: plain values; the listener is called on control.

#pragma once

#include "kernel/error.hpp"

#include <jackfield/abi/diagnosis.h>

#include <chrono>
#include <string>

namespace jackfield::kernel {

enum class Verdict { ok, note, problem, skipped };

constexpr const char* word(Verdict verdict)
{
    switch (verdict) {
    case Verdict::ok:
        return "ok";
    case Verdict::note:
        return "note";
    case Verdict::problem:
        return "problem";
    case Verdict::skipped:
        return "skipped";
    }
    return "?";
}

struct Finding {
    std::string by;    // a plugin's id; "kernel"
    std::string check; // "turn/0": the same each time
    Verdict verdict = Verdict::ok;
    std::string sentence;
    std::string advice = {};         // never empty for a problem
    std::string details_json = "{}"; // one JSON object
};

/// What is to be looked at.
struct DiagnosisPlan {
    std::string peer_account; // empty: nobody
    std::chrono::milliseconds limit{15000};
};

/// Hears how a diagnosis goes. [control]
class DiagnosisListener {
public:
    virtual ~DiagnosisListener() = default;

    /// Something is being looked at: "discovery", "ice-libnice"; and no more.
    virtual void begun(const std::string& /*what*/) {}
    virtual void over(const std::string& /*what*/) {}

    virtual void found(const Finding&) {}

    /// Once, the last word.
    virtual void finished() {}
};

} // namespace jackfield::kernel
