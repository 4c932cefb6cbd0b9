// What happened between two looks at the counters of a call: rates, losses, and how good it sounds.
//
// Threads:  [control].
// Lifetime: the flow's that looks once a second. Says nothing that was not measured: what is unknown is absent.

#pragma once

#include <nlohmann/json.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace jackfield::kernel {

class MediaMeter {
public:
    /// `statistics` is what CallMedia::statistics says now, `since_last` how long the counters have run since the look
    /// before. One object a stream, in the order of the call (timeline.schema.json, "statistics"). Empty if there is
    /// nothing to compare with: at the first look, and when the streams became others.
    std::vector<nlohmann::json> look(const std::string& statistics, std::chrono::nanoseconds since_last);

private:
    nlohmann::json before_; // the streams of the last look
};

} // namespace jackfield::kernel
