// How the program shows what happens: steps with their times for people, or one JSON object a line; and, beside either,
// a trace in a file.
//
// On a terminal the steps that are going on stand in a line that is drawn over, and in a running call how its streams
// do, once a second; what is asked stands there as well. Where there is no terminal that is not shown to people.
//
// Threads: [any]; what is shown is shown as a whole.
#pragma once

#include "kernel/executor/instance_host.hpp"
#include "kernel/timeline/trace.hpp"
#include "tools/jackfield/output.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace jackfield::program {

enum class EventFormat { human, json };

class Progress {
public:
    /// With an empty name there is no trace. Throws Stop or UsageError if the trace cannot be written.
    Progress(EventFormat format, const std::string& trace_file);

    void show(const kernel::TimelineEvent& event);

    /// A line for people, in which what a peer said has become printable() already; with JSON events it goes to
    /// standard error, so that standard output stays JSON.
    void say(std::string_view line);

    /// What goes on for a while, such as a file: stands at the bottom until it is empty.
    void live(const std::string& id, const std::string& line);

    /// A text of a peer, or that it writes one: its line for people, if that is not empty, or, with JSON events, an
    /// event that has it whole. No trace has it.
    void show_text(std::string_view line, const std::string& detail_json);

    /// The same for what an account says that asks to be a contact, or in its profile card.
    void show_contact(std::string_view line, const std::string& detail_json);

    /// A question, which stands at the bottom until it is settled.
    void ask(std::string_view question);
    void settle();

    /// How the streams of running calls did in the last second, one a line.
    std::string quality();

    /// Lines of the log, between the steps. The sink must not outlive us.
    kernel::LogSink log();

private:
    using Key = std::pair<std::string, kernel::Step>; // by call and step

    void show_words(kernel::Step step, std::string_view line, const std::string& detail_json);
    void show_human(const kernel::TimelineEvent& event);
    bool note_quality(const kernel::TimelineEvent& event);
    void step_line(const kernel::TimelineEvent& event, std::int64_t took_ns);
    void write_trace(const kernel::TimelineEvent& event);
    void print(std::FILE* stream, const std::string& text);
    std::string live_line() const;
    bool draws_live() const { return display_.terminal && format_ == EventFormat::human; }

    EventFormat format_;
    Display display_; // of standard error
    std::int64_t origin_ns_;
    std::mutex mutex_;
    std::unique_ptr<kernel::Trace> trace_;
    std::map<Key, std::int64_t> began_ns_;
    std::map<std::pair<std::string, int>, std::string> quality_; // by call and stream, for the live line
    std::map<std::string, std::string> going_on_;                // by id, for the live line
    std::string question_;
    bool live_ = false; // a line is drawn that must go before the next
};

} // namespace jackfield::program
