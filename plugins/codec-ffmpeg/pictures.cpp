// VP8, H.264 and AV1 for the plugin, from a library of their own. See pictures.hpp.
//
// Threads: see pictures.hpp.
#include "pictures.hpp"

#include "video_decoder.hpp"
#include "video_encoder.hpp"

#include <jackfield/late_part.hpp>

namespace jackfield::codec {

namespace {

/// What a stranger sends must not fill our error stream; failures are reported as statuses.
[[maybe_unused]] const bool quiet = [] {
    av_log_set_level(AV_LOG_QUIET);
    return true;
}();

const Pictures kPictures{
    JACKFIELD_PLUGIN_VERSION,
    [](VideoFormat format, const Options& options, const Stream& stream, PayloadSink sink) -> std::unique_ptr<Encoder> {
        return std::make_unique<VideoEncoder>(format, options, stream, sink);
    },
    [](VideoFormat format, const Stream& stream, FrameSink sink) -> std::unique_ptr<Decoder> {
        return std::make_unique<VideoDecoder>(format, stream, sink);
    }};

} // namespace

} // namespace jackfield::codec

JF_LATE_PART(jackfield::codec::kPictures);
