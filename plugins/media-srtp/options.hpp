// The plugin's configuration: {"suites": [..], "jitter_min_ms": 10, ..}, see media-srtp.schema.json.
//
// Threads: read on control when the instance is made, constant afterwards.
#pragma once

#include <shared/rtp/options.hpp>
#include <shared/srtp/suites.hpp>

namespace jackfield::media_srtp {

using namespace srtp;

struct Options : RtpOptions, Suites {};

/// Throws ConfigError.
Options read_options(std::string_view config_json);

} // namespace jackfield::media_srtp
