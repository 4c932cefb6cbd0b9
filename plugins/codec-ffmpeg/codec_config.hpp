// What the two JSON objects say: the plugin's own options, and one negotiated codec with the wishes of the stream.
//
// Threads: control. Lifetime: plain values.
#pragma once

#include <jackfield/basic.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace jackfield::codec {

struct Options {
    std::vector<std::string> codecs; ///< names in order of preference
    std::string opus_application = "voip";
    int opus_complexity = 5;
    bool opus_stereo = false;
    bool opus_fec = true;
    std::uint32_t key_frame_interval_s = 60;
};

/// Throws ConfigError.
Options read_options(std::string_view json);

/// One stream: an entry of the capabilities as it was negotiated, plus what an encoder is told (codec.h).
struct Stream {
    std::string name;
    std::string parameters;        ///< fmtp
    std::uint32_t bitrate_bps = 0; ///< 0: our default
    std::uint32_t max_payload_bytes = 1200;
    std::uint32_t width_px = 0;
    std::uint32_t height_px = 0;
    double frame_rate = 30;
};

inline constexpr std::uint32_t kMinPayloadBytes = 200; ///< 20 ms of G.711 fit
inline constexpr std::uint32_t kMaxPayloadBytes = 65000;
inline constexpr std::uint32_t kMaxSidePx = 4096;

/// Throws Failure: JF_BAD_INPUT with the pointer of the wrong value.
Stream read_stream(std::string_view json);

/// The value of one parameter of an fmtp line ("a=1;b=2"); names compare without case (RFC 8866 section 6.6 leaves the
/// syntax to each format; those used here all have this one).
std::optional<std::string_view> format_parameter(std::string_view parameters, std::string_view name);

enum class VideoFormat { vp8, h264 };

/// What we send at if nobody says otherwise: 1.2 Mb/s for 1280x720, by area.
std::uint32_t default_video_bitrate(std::uint32_t width_px, std::uint32_t height_px);

inline constexpr std::uint32_t kMaxVideoBitrate = 20'000'000;

/// Encoding names compare without case (RFC 4855 section 3).
bool same_name(std::string_view a, std::string_view b);

} // namespace jackfield::codec
