// The test picture and tone. See frame_reader.hpp.

#include "frame_reader.hpp"

#include "conversion.hpp"
#include "filter_graph.hpp"

#include <algorithm>
#include <optional>

namespace media_ffmpeg {

namespace {

constexpr std::uint32_t kSampleRate = 48'000;

/// A picture that moves and shows its number, or a tone at half of full scale, by FFmpeg's own generators.
class TestReader final : public FrameReader {
public:
    TestReader(const TestOptions& test, std::uint32_t kind) : test_(test), video_(kind == JF_VIDEO) {}

    void begin(const jf_source_format& format) override
    {
        format_ = format;
        rewind();
    }

    bool next(AVFrame* frame, std::int64_t& time_ns, const Wanted&) override
    {
        if (!graph_->pull(frame))
            return false;
        time_ns = to_ns(frame->pts, graph_->time_base());
        return true;
    }

    void rewind() override { graph_.emplace(video_ ? pictures() : tone(), video_); }

private:
    std::string pictures() const
    {
        const auto size =
            shown_size({static_cast<int>(test_.width_px), static_cast<int>(test_.height_px)}, {1, 1}, 0, format_);
        const std::uint32_t most = format_.max_frame_rate_millihertz;
        const std::uint32_t rate = most > 0 ? std::min(test_.frame_rate * 1000, most) : test_.frame_rate * 1000;
        return "testsrc2=size=" + std::to_string(size.width) + "x" + std::to_string(size.height) +
               ":rate=" + std::to_string(rate) + "/1000," + video_chain(size, 0, false);
    }

    std::string tone() const
    {
        return "sine=frequency=" + std::to_string(test_.tone_hz) + ":sample_rate=" + std::to_string(kSampleRate) +
               ",volume=4.0," + audio_chain(format_, kSampleRate, 1);
    }

    TestOptions test_;
    bool video_;
    jf_source_format format_{};
    std::optional<FilterGraph> graph_;
};

} // namespace

jf_source_info describe_test(const TestOptions& test)
{
    return {sizeof(jf_source_info), 1, kSampleRate, 1, 1, test.width_px, test.height_px,
            test.frame_rate * 1000, 0, 0,           0};
}

std::unique_ptr<FrameReader> make_test_reader(const TestOptions& test, std::uint32_t kind)
{
    return std::make_unique<TestReader>(test, kind);
}

} // namespace media_ffmpeg
