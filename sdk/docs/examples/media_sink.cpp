// A sink that counts frames; see sdk/docs/interfaces/media_sink.md.
#include <jackfield/media_sink.hpp>

#include <atomic>

namespace {

// [example]
class CountingSession final : public jackfield::SinkSession {
public:
    using SinkSession::SinkSession;

    jackfield::Status write(const jf_frame& frame) noexcept override // [media], one thread for each kind
    {
        if (frame.kind != JF_AUDIO && frame.kind != JF_VIDEO)
            return JF_BAD_INPUT;
        frames_.fetch_add(1, std::memory_order_relaxed);
        return JF_OK;
    }
    void finish(jackfield::Completion done) override
    {
        host_.info(std::to_string(frames_.load()) + " frames");
        done.succeed(); // posted by the SDK
    }

private:
    std::atomic<std::uint64_t> frames_{0};
};
// [end]

} // namespace
