// What a session answers to statistics (media-statistics.schema.json).
//
// Threads: any; each stream's locks are taken one after the other, never for longer than a copy.
#pragma once

#include "stream.hpp"

namespace jackfield::rtp {

std::string describe_statistics(const std::vector<std::shared_ptr<Stream>>& streams, const RateControl* rates,
                                std::int64_t now_ns);

} // namespace jackfield::rtp
