// What a configuration may ask for. See audio-webrtc.schema.json.
//
// Threads: read on control, constant afterwards.
#pragma once

#include <optional>
#include <string_view>

namespace audio_webrtc {

struct Options {
    bool echo_cancellation = true;
    int echo_suppression = 1; // low, moderate, high
    int delay_ms = 40;
    std::optional<int> noise_suppression = 1; // low, moderate, high, very high; none: off
    bool gain_control = true;
    bool high_pass = true;
};

/// The form of our sound.
struct Form {
    int sample_rate_hz = 0;
    int channels = 0;
};

/// Throws ConfigError that begins with the place.
Options read_options(std::string_view config_json);

/// Throws Failure.
Form read_form(std::string_view form_json);

} // namespace audio_webrtc
