// A trace: the timeline in a file, in one of three forms.
//
//   .jsonl   one JSON object a line, as timeline.schema.json says
//   .csv     one row an event, for a spreadsheet or a data frame (trace_csv.hpp)
//   .json    Chrome's trace events, for chrome://tracing and Perfetto (trace_chrome.hpp)
//
// Threads:  one at a time; a node's listener is.
// Lifetime: the file is the trace's. Every event is in the file when `write` returns, so that a process which is killed
//           leaves a file that can be read as far as it got; the destructor completes it.

#pragma once

#include "kernel/timeline/timeline.hpp"

#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>
#include <string>

namespace jackfield::kernel {

/// What one form of trace makes of events. Text only; the file is somebody else's.
class TraceForm {
public:
    virtual ~TraceForm() = default;
    virtual std::string head() const = 0;
    virtual std::string text(const TimelineEvent& event) = 0;
    virtual std::string tail() = 0;
};

/// Decides by the ending of the name; nullptr if there is no such form. Times count from origin_ns.
std::unique_ptr<TraceForm> trace_form(const std::filesystem::path& file, std::int64_t origin_ns);

/// "a name that ends in .jsonl, .csv or .json (Chrome trace)": what would work.
std::string_view trace_endings();

class Trace {
public:
    /// Begins the file anew. JF_BAD_INPUT for another ending, JF_NOT_FOUND or JF_REFUSED if it cannot be written.
    static std::expected<std::unique_ptr<Trace>, Error> open(const std::filesystem::path& file, std::int64_t origin_ns);

    Trace(const Trace&) = delete;
    Trace& operator=(const Trace&) = delete;
    ~Trace();

    void write(const TimelineEvent& event);

    /// Why the file is not whole, for example a full disk; status JF_OK as long as it is.
    const Error& problem() const { return problem_; }

private:
    Trace(std::filesystem::path file, std::unique_ptr<TraceForm> form, int descriptor);
    void put(const std::string& text);

    std::filesystem::path file_;
    std::unique_ptr<TraceForm> form_;
    int descriptor_;
    Error problem_{JF_OK, ""};
};

} // namespace jackfield::kernel
