// The timeline as Chrome's trace events (JSON array form), for chrome://tracing and https://ui.perfetto.dev.
//
// Each call and side is a track: what the viewers show as a process, "caller 3f2a...". Its first row holds the call
// from start to end with its steps within; steps that go on at the same time (media is negotiated while it rings) take
// further rows. A row never holds more than one step at a time, so that durations nest, whatever the order of the
// events. Progress, and a step that ends without having begun, are marks. Details are arguments.
//
// A step is written when it starts and again when it ends ("B" and "E"): the file of a process that was killed shows
// the steps that were going on. The closing bracket may be missing then; both viewers read such a file.
//
// Threads: plain values, one thread at a time.

#pragma once

#include "kernel/timeline/trace.hpp"

#include <nlohmann/json_fwd.hpp>

#include <map>
#include <utility>
#include <vector>

namespace jackfield::kernel {

class ChromeTrace final : public TraceForm {
public:
    explicit ChromeTrace(std::int64_t origin_ns) : origin_ns_(origin_ns) {}

    std::string head() const override { return "["; }
    std::string text(const TimelineEvent& event) override;
    std::string tail() override;

private:
    static constexpr Step kFree = Step::call; // a call as a whole takes no row

    struct Track {
        int number = 0;        // "pid"
        bool in_call = false;  // the call's own duration is open, in the first row
        std::vector<Step> row; // which step is open in each, kFree if none
    };

    Track& track_of(const TimelineEvent& event, std::string& out);
    void start(const TimelineEvent& event, Track& track, std::string& out);
    void end(const TimelineEvent& event, Track& track, std::string& out);
    void close_rows(const TimelineEvent& event, Track& track, std::string& out);
    void mark(const TimelineEvent& event, const Track& track, std::string& out);
    void put(const TimelineEvent& event, char phase, int track, std::size_t row, std::string_view name,
             std::string& out);
    void name(std::string_view what, const nlohmann::json& args, int track, std::size_t tid, std::string& out);
    void put_line(const std::string& line, std::string& out);

    std::int64_t origin_ns_;
    std::int64_t last_ns_ = 0; // of all events so far
    bool first_ = true;
    std::map<std::pair<std::string, Side>, Track> tracks_;
};

} // namespace jackfield::kernel
