// The media_source of media-ffmpeg through its C entry.
//
// Threads: see tests/plugins/source_under_test.hpp.
#pragma once

#include "tests/plugins/source_under_test.hpp"

namespace media_ffmpeg::testing {

using namespace source_test;

class SourcePlugin : public source_test::SourcePlugin {
public:
    explicit SourcePlugin(std::string_view config = "{}",
                          jackfield::testing::Clock clock = jackfield::testing::Clock::real)
        : source_test::SourcePlugin("media-ffmpeg", config, clock)
    {}
};

} // namespace media_ffmpeg::testing
