// What a codec plugin offers: which of its codecs, in which order, and how they are described (codec.h).
//
// Threads: any. Lifetime: plain values.
#pragma once

#include <jackfield/basic.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace jackfield::codec {

/// One codec of the capabilities.
struct Entry {
    std::string name;
    bool video = false;
    std::uint32_t clock_rate_hz = 0; ///< of sound: its sample rate as well
    std::uint32_t channels = 1;
    std::optional<int> static_payload_type;
    std::uint32_t default_bitrate_bps = 0;
    std::uint32_t min_bitrate_bps = 0; ///< what a congestion controller asks for at least; 0: the default
    std::string parameters;            ///< fmtp
};

/// Pictures: 90 kHz, and the bitrate that encoders take for 1280x720.
Entry video_entry(std::string_view name, std::string_view parameters = {});

/// {"codecs": [...]} in that order.
std::string capabilities_json(const std::vector<Entry>& entries);

/// The names that the options "prefer" and "exclude" leave of all that a plugin has, in order of preference; those
/// `on_request` only if "prefer" names them. Throws ConfigError.
std::vector<std::string> offered_names(std::string_view config_json, std::span<const std::string_view> all,
                                       std::span<const std::string_view> on_request = {});

/// The one of those names that was negotiated. Throws Failure JF_UNSUPPORTED with what would work.
const std::string& find_offered(const std::vector<std::string>& offered, std::string_view name,
                                std::string_view plugin_id);

/// What we send pictures at if nobody says otherwise: 1.2 Mb/s for 1280x720, by area.
std::uint32_t default_video_bitrate(std::uint32_t width_px, std::uint32_t height_px);

inline constexpr std::uint32_t kMaxVideoBitrate = 20'000'000;

} // namespace jackfield::codec
