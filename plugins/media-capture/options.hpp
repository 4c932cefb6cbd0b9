// What a configuration may ask for. See media-capture.schema.json.
//
// Threads: read on control, constant afterwards.
#pragma once

#include <string_view>

namespace media_capture {

struct Options {
    int width_px = 640;
    int height_px = 480;
    int frame_rate = 30;
    int screen_frame_rate = 10;
    bool show_pointer = true;
};

/// Throws ConfigError that begins with the place.
Options read_options(std::string_view config_json);

} // namespace media_capture
