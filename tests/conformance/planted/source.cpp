// A source of silence and grey pictures: "test" has no end, "short" has one. Correct but for one bug.
//
// Threads: one for each kind that was started. Lifetime: they are joined with the session.
#include "planted.hpp"

#include <jackfield/media_source.hpp>
#include <jackfield/plugin.hpp>

#include <condition_variable>
#include <mutex>
#include <thread>

namespace {

using namespace jackfield;
using planted::has;

class Session final : public SourceSession {
public:
    Session(Host host, std::string_view name, bool at_once, SourceListener listener)
        : scope_(host), frames_left_(name == "short" ? 50 : 0), at_once_(at_once), listener_(listener)
    {}
    ~Session() override
    {
        scope_.end();
        if (has("JF-SRC-03")) {
            listener_.frame(sound(960, 48'000, 1));
            scope_.host().post([listener = listener_] { listener.frame(sound(960, 48'000, 1)); });
        }
        {
            const std::lock_guard lock(mutex_);
            stop_ = true;
        }
        changed_.notify_all();
        for (auto& thread : threads_)
            thread.join();
    }

    jf_source_info describe() override
    {
        return {sizeof(jf_source_info), 1, 48'000, 1, 1, 640, 480, 25'000, frames_left_ * 10'000'000LL, 0, 0};
    }
    void start(const jf_source_format& format) override
    {
        if ((started_ & format.kind) != 0)
            throw Failure(JF_BUSY, "started already");
        started_ |= format.kind;
        threads_.emplace_back([this, format] { run(format); });
    }

private:
    static jf_frame sound(std::uint32_t samples, std::uint32_t rate, std::uint32_t channels)
    {
        static const float silence[96'000]{};
        jf_frame frame{};
        frame.struct_size = sizeof(frame);
        frame.kind = JF_AUDIO;
        frame.samples = silence;
        frame.sample_rate_hz = rate;
        frame.channels = channels;
        frame.samples_per_channel = samples;
        return frame;
    }
    static jf_frame picture(std::uint32_t width, std::uint32_t height)
    {
        static const std::vector<std::uint8_t> grey(640 * 480, 128);
        jf_frame frame{};
        frame.struct_size = sizeof(frame);
        frame.kind = JF_VIDEO;
        frame.width_px = std::min(width, 640U);
        frame.height_px = std::min(height, 480U);
        for (std::size_t i = 0; i < 3; ++i) {
            frame.planes[i] = grey.data();
            frame.strides_bytes[i] = i == 0 ? frame.width_px : (frame.width_px + 1) / 2;
        }
        return frame;
    }
    void run(const jf_source_format& format)
    {
        const std::uint32_t rate = has("JF-SRC-02") ? 48'000 : format.sample_rate_hz;
        const bool is_sound = format.kind == JF_AUDIO;
        const std::int64_t step = is_sound ? format.frame_ms * 1'000'000LL : 40'000'000;
        const std::int64_t begin = scope_.host().now_ns();
        for (std::int64_t i = 0; frames_left_ == 0 || i < frames_left_; ++i) {
            std::unique_lock lock(mutex_);
            if (changed_.wait_for(lock, std::chrono::nanoseconds(at_once_ ? 10'000 : step), [this] { return stop_; }))
                return;
            lock.unlock();
            jf_frame frame = is_sound ? sound(rate * format.frame_ms / 1000, rate, format.channels)
                                      : picture(format.max_width_px, format.max_height_px);
            frame.time_ns = begin + i * step;
            listener_.frame(frame);
        }
        for (int i = 0; i < (has("JF-SRC-04") ? 2 : 1); ++i)
            scope_.post([this, kind = format.kind] { listener_.ended(kind, JF_OK, ""); });
    }

    Scope scope_;
    std::int64_t frames_left_; // 0: no end
    bool at_once_;
    SourceListener listener_;
    std::uint32_t started_ = 0;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool stop_ = false;
    std::vector<std::thread> threads_;
};

class Silence final : public MediaSource {
public:
    Silence(Host host, std::string_view config_json) : MediaSource(host) { planted::look_at(config_json); }
    bool accepts(std::string_view name) const noexcept override { return name == "test" || name == "short"; }
    std::unique_ptr<SourceSession> open(std::string_view name, std::string_view options,
                                        SourceListener listener) override
    {
        if (!accepts(name) && !has("JF-SRC-01"))
            throw Failure(JF_NOT_FOUND, "\"test\" and \"short\" would work");
        return std::make_unique<Session>(host_, name, options.find("false") != std::string_view::npos, listener);
    }
};

} // namespace

JF_PLUGIN(Silence)
