// How the program shows what happens: steps with their times on a terminal, or one JSON object a line.
//
// Threads: [control] of the node, but for say, which any thread may call.
#pragma once

#include "kernel/timeline/timeline.hpp"

#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace jackfield::program {

enum class EventFormat { human, json };

class Progress {
public:
    explicit Progress(EventFormat format);

    void show(const kernel::TimelineEvent& event);

    /// A line for people; with JSON events it goes to standard error, so that standard output stays JSON. [any]
    void say(std::string_view line);

    std::int64_t origin_ns() const { return origin_ns_; }

private:
    void show_human(const kernel::TimelineEvent& event);
    void line(char mark, std::string_view step, std::int64_t took_ns, std::string_view text);

    EventFormat format_;
    bool terminal_;
    std::int64_t origin_ns_;
    std::mutex mutex_;
    std::map<std::pair<std::string, kernel::Step>, std::int64_t> began_ns_; // by call and step
};

} // namespace jackfield::program
