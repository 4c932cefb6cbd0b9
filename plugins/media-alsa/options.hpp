// What a configuration may ask for. See media-alsa.schema.json.
//
// Threads: read on control, constant afterwards.
#pragma once

#include <string_view>

namespace media_alsa {

struct Options {
    unsigned latency_ms = 20;
};

/// Throws ConfigError that begins with the place.
Options read_options(std::string_view config_json);

} // namespace media_alsa
