// Reads the plugin's options. See options.hpp.
#include "options.hpp"

#include <shared/codec/json.hpp>
#include <shared/codec/offer.hpp>

#include <array>

namespace jackfield::codec {

namespace {

constexpr std::array<std::string_view, 2> kAll{"VP8", "VP9"};

} // namespace

VpxOptions read_vpx_options(std::string_view json)
{
    VpxOptions options;
    options.codecs = offered_names(json, kAll);
    options.key_frame_interval_s = parse_object(json).value("video_key_frame_interval_s", options.key_frame_interval_s);
    return options;
}

} // namespace jackfield::codec
