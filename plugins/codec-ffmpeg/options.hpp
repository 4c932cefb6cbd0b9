// The plugin's own options.
//
// Threads: control. Lifetime: plain values.
#pragma once

#include <shared/codec/opus.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace jackfield::codec {

struct Options {
    std::vector<std::string> codecs; ///< names in order of preference
    OpusOptions opus;
    std::uint32_t key_frame_interval_s = 60;
};

/// Throws ConfigError.
Options read_options(std::string_view json);

enum class VideoFormat { vp8, h264, av1 };

} // namespace jackfield::codec
