// A media_source through its C entry, with an ear that keeps what it hears.
//
// Threads:  the test's is control; frames come on the source's threads and are copied under a lock.
// Lifetime: sessions are released before the plugin goes.
#pragma once

#include <jackfield/abi/media_source.h>
#include <jackfield/testing/fake_host.hpp>
#include <jackfield/testing/plugin_under_test.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace source_test {

using jackfield::Failure;
using jackfield::Status;
using jackfield::testing::FakeHost;

/// A frame with its content, and when it came.
struct Got {
    jf_frame frame{};
    std::int64_t came_ns = 0;
    std::vector<float> samples;
    std::vector<std::uint8_t> luma;
};

struct End {
    std::uint32_t kind = 0;
    Status status = JF_OK;
    std::string text;
};

class SourcePlugin {
public:
    explicit SourcePlugin(const std::string& id, std::string_view config = "{}",
                          jackfield::testing::Clock clock = jackfield::testing::Clock::real)
        : host_(clock), instance_(host_, JACKFIELD_TEST_PLUGIN_DIR, id, JF_MEDIA_SOURCE_INTERFACE, config)
    {}

    FakeHost& host() { return host_; }
    const jf_media_source_methods* methods() const { return instance_.methods(); }
    void* self() const { return instance_.self(); }

private:
    FakeHost host_;
    jackfield::testing::InstanceUnderTest<jf_media_source_methods> instance_;
};

inline constexpr const char* kAtOnce = R"({"realtime": false})";

/// An opened source. Throws Failure if it does not open.
class Source {
public:
    Source(SourcePlugin& plugin, const std::string& name, std::string_view options = kAtOnce) : plugin_(plugin)
    {
        jf_error error = jackfield::no_error();
        jackfield::check(plugin.methods()->open(plugin.self(), jackfield::to_text(name), jackfield::to_text(options),
                                                {&kListener, this}, &session_, &error),
                         error);
    }
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;
    ~Source() { release(); }

    jf_source_info info()
    {
        jf_source_info info{};
        info.struct_size = sizeof(info);
        jf_error error = jackfield::no_error();
        jackfield::check(session_.methods->describe(session_.self, &info, &error), error);
        return info;
    }

    void start(const jf_source_format& format)
    {
        jf_error error = jackfield::no_error();
        jackfield::check(session_.methods->start(session_.self, &format, &error), error);
    }
    void start_sound(std::uint32_t rate = 48'000, std::uint32_t channels = 1, std::uint32_t frame_ms = 20)
    {
        start({sizeof(jf_source_format), JF_AUDIO, rate, channels, frame_ms, 0, 0, 0});
    }
    void start_pictures(std::uint32_t width = 0, std::uint32_t height = 0, std::uint32_t millihertz = 0)
    {
        start({sizeof(jf_source_format), JF_VIDEO, 0, 0, 0, width, height, millihertz});
    }

    void release()
    {
        if (session_.methods != nullptr)
            session_.methods->release(session_.self);
        session_ = {};
    }

    /// Runs control until so many kinds have ended.
    bool wait_for_end(std::size_t kinds = 1)
    {
        return plugin_.host().run_until([&] { return ends.size() >= kinds; });
    }

    /// Runs control until so many frames of the kind have come.
    bool wait_for(std::uint32_t kind, std::size_t count)
    {
        return plugin_.host().run_until([&] { return frames(kind).size() >= count; });
    }

    /// Those of one kind so far.
    std::vector<Got> frames(std::uint32_t kind)
    {
        const std::lock_guard lock(mutex_);
        return kind == JF_VIDEO ? pictures_ : sound_;
    }
    std::vector<Got> pictures() { return frames(JF_VIDEO); }
    std::vector<Got> sound() { return frames(JF_AUDIO); }

    /// All samples in a row.
    std::vector<float> samples()
    {
        std::vector<float> all;
        for (const auto& got : sound())
            all.insert(all.end(), got.samples.begin(), got.samples.end());
        return all;
    }

    std::vector<End> ends;                              // [control]
    std::size_t most = 2000;                            // of each kind that are kept
    std::function<void(const jf_frame&)> while_hearing; // on the source's threads; set before start

private:
    void take(const jf_frame& frame)
    {
        Got got;
        got.frame = frame;
        got.came_ns = plugin_.host().now_ns();
        if (frame.kind == JF_AUDIO)
            got.samples.assign(frame.samples, frame.samples + std::size_t{frame.samples_per_channel} * frame.channels);
        for (std::uint32_t row = 0; row < frame.height_px; ++row) {
            const auto* line = frame.planes[0] + std::size_t{row} * frame.strides_bytes[0];
            got.luma.insert(got.luma.end(), line, line + frame.width_px);
        }
        {
            const std::lock_guard lock(mutex_);
            auto& kept = frame.kind == JF_VIDEO ? pictures_ : sound_;
            if (kept.size() < most)
                kept.push_back(std::move(got));
        }
        if (while_hearing)
            while_hearing(frame);
    }

    static constexpr jf_source_listener_methods kListener{
        sizeof(jf_source_listener_methods), 0,
        [](void* self, const jf_frame* frame) { static_cast<Source*>(self)->take(*frame); },
        [](void* self, std::uint32_t kind, jf_status status, const jf_error* error) {
            static_cast<Source*>(self)->ends.push_back({kind, status, jackfield::error_text(error, "")});
        }};

    SourcePlugin& plugin_;
    jf_source_session session_{};
    std::mutex mutex_;
    std::vector<Got> pictures_;
    std::vector<Got> sound_;
};

inline Failure failure_of(const std::function<void()>& action)
{
    try {
        action();
    } catch (const Failure& failure) {
        return failure;
    }
    return {JF_OK, "nothing failed"};
}

/// Times of frames in milliseconds after the first of all; rounded.
inline std::vector<std::int64_t> times_ms(const std::vector<Got>& frames, std::int64_t from_ns)
{
    std::vector<std::int64_t> times;
    for (const auto& got : frames)
        times.push_back((got.frame.time_ns - from_ns + 500'000) / 1'000'000);
    return times;
}

} // namespace source_test
