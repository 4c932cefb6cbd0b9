// Reads the plugin's options. See options.hpp.
#include "options.hpp"

#include <shared/codec/json.hpp>

#include <array>

namespace jackfield::codec {

namespace {

constexpr std::array<std::string_view, 6> kAll{"opus", "PCMU", "PCMA", "VP8", "H264", "AV1"};
constexpr std::array<std::string_view, 1> kOnRequest{"AV1"}; // what calls offer does not change unless somebody says so

} // namespace

Options read_options(std::string_view text)
{
    Options options;
    options.codecs = offered_names(text, kAll, kOnRequest);
    options.opus = read_opus_options(text, "opus_");
    options.key_frame_interval_s = parse_object(text).value("video_key_frame_interval_s", options.key_frame_interval_s);
    return options;
}

} // namespace jackfield::codec
