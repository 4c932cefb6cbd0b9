// What the JSON of one stream says: a negotiated codec with the wishes of the stream.
//
// Threads: workers, where codecs are opened. Lifetime: plain values.
#pragma once

#include <jackfield/basic.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace jackfield::codec {

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

/// Encoding names compare without case (RFC 4855 section 3).
bool same_name(std::string_view a, std::string_view b);

} // namespace jackfield::codec
