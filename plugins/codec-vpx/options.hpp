// The plugin's own options.
//
// Threads: control. Lifetime: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace jackfield::codec {

enum class VpxFormat { vp8, vp9 };

struct VpxOptions {
    std::vector<std::string> codecs; ///< names in order of preference
    std::uint32_t key_frame_interval_s = 60;
};

/// Throws ConfigError.
VpxOptions read_vpx_options(std::string_view json);

} // namespace jackfield::codec
