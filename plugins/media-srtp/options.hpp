// The plugin's configuration: {"suites": [..], "jitter_min_ms": 20, ..}, see media-srtp.schema.json.
//
// Threads: read on control when the instance is made, constant afterwards.
#pragma once

#include "suites.hpp"

#include <cstdint>

namespace jackfield::media_srtp {

struct Options {
    std::vector<const Suite*> suites; ///< in order of preference
    std::int64_t jitter_min_ns = 0;
    std::int64_t jitter_max_ns = 0;
    std::int64_t rtcp_interval_ns = 0;
    std::int64_t key_frame_interval_ns = 0;
    bool allow_unencrypted = false;
    bool clear_rtcp = false;

    /// Null if the suite is unknown or switched off.
    const Suite* find(std::string_view name) const;
};

/// Throws ConfigError.
Options read_options(std::string_view config_json);

} // namespace jackfield::media_srtp
