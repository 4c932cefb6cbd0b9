// What a configuration and an open may ask for. See media-test.schema.json.
//
// Threads: read on control, constant afterwards.
#pragma once

#include <cstdint>
#include <string_view>

namespace media_test {

struct Options {
    std::uint32_t width_px = 640;
    std::uint32_t height_px = 480;
    std::uint32_t frame_rate = 30;
    std::uint32_t tone_hz = 440;
};

/// Throws ConfigError that begins with the place.
Options read_options(std::string_view config_json);

/// Of one open: whether frames come at the pace of real time. Throws Failure.
bool read_realtime(std::string_view options_json);

} // namespace media_test
