// The options that every RTP transport has: {"jitter_min_ms": 10, ..}.
//
// Threads: read on control when the instance is made, constant afterwards.
#pragma once

#include <cstdint>
#include <string_view>

namespace jackfield::rtp {

struct RtpOptions {
    std::int64_t jitter_min_ns = 0;
    std::int64_t jitter_max_ns = 0;
    std::int64_t rtcp_interval_ns = 0;
    std::int64_t key_frame_interval_ns = 0;
    bool clear_rtcp = false; ///< in clear beside encrypted RTP; not read here
};

/// Throws ConfigError. Other options are the caller's.
RtpOptions read_rtp_options(std::string_view config_json);

} // namespace jackfield::rtp
