// What a configuration may ask for. See media-pulse.schema.json.
//
// Threads: read on control, constant afterwards.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace media_pulse {

struct Options {
    std::string server; // empty: the user's own
    std::uint32_t latency_ms = 20;
};

/// Throws ConfigError that begins with the place.
Options read_options(std::string_view config_json);

} // namespace media_pulse
