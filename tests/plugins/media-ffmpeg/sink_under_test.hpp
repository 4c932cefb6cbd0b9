// The media_sink of media-ffmpeg through its C entry.
//
// Threads: see tests/plugins/sink_under_test.hpp.
#pragma once

#include "tests/plugins/sink_under_test.hpp"

namespace media_ffmpeg::testing {

using namespace sink_test;

class SinkPlugin : public sink_test::SinkPlugin {
public:
    explicit SinkPlugin(std::string_view config = "{}") : sink_test::SinkPlugin("media-ffmpeg", config) {}
};

} // namespace media_ffmpeg::testing
