// What a track takes its frames from: a file, or the test picture and tone.
//
// Threads:  one thread at a time.
#pragma once

#include "av.hpp"
#include "options.hpp"
#include "worker.hpp"

#include <jackfield/abi/media_source.h>

#include <functional>
#include <string_view>

namespace media_ffmpeg {

/// The name that stands for a moving picture and a tone.
inline constexpr std::string_view kTestName = "test";

class FrameReader {
public:
    /// Whether the picture of that time is worth converting. Sound is never asked about.
    using Wanted = std::function<bool(std::int64_t)>;

    FrameReader() = default;
    FrameReader(const FrameReader&) = delete;
    FrameReader& operator=(const FrameReader&) = delete;
    virtual ~FrameReader() = default;

    /// How frames shall be; once, before the first next.
    virtual void begin(const jf_source_format& format) = 0;

    /// The next frame and when it is to be seen or heard, counted from the beginning. False at the end, or if the stop
    /// flag was set.
    virtual bool next(AVFrame* frame, std::int64_t& time_ns, const Wanted& wanted) = 0;

    /// From the beginning again.
    virtual void rewind() = 0;
};

jf_source_info describe_test(const TestOptions& test);

std::unique_ptr<FrameReader> make_test_reader(const TestOptions& test, std::uint32_t kind);

} // namespace media_ffmpeg
