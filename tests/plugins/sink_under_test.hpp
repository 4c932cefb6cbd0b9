// A media_sink through its C entry, and frames with known content to give it.
//
// Threads:  the test's is control; frames are given from threads of the test.
// Lifetime: sessions are released before the plugin goes.
#pragma once

#include <jackfield/abi/media_sink.h>
#include <jackfield/testing/fake_host.hpp>
#include <jackfield/testing/plugin_under_test.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <memory>
#include <numbers>
#include <optional>
#include <string>
#include <vector>

namespace sink_test {

inline constexpr std::int64_t kBegin = 7'000'000'000; // host clock of the first frame
inline constexpr std::int64_t kMs = 1'000'000;

class SinkPlugin {
public:
    explicit SinkPlugin(const std::string& id, std::string_view config = "{}")
        : instance_(std::make_unique<Instance>(host_, JACKFIELD_TEST_PLUGIN_DIR, id, JF_MEDIA_SINK_INTERFACE, config))
    {}

    jackfield::testing::FakeHost& host() { return host_; }
    const jf_media_sink_methods* methods() const { return instance_->methods(); }
    void* self() const { return instance_->self(); }

    /// Destroys the instance, as the kernel would; joins its threads.
    void destroy() { instance_.reset(); }

private:
    using Instance = jackfield::testing::InstanceUnderTest<jf_media_sink_methods>;
    jackfield::testing::FakeHost host_;
    std::unique_ptr<Instance> instance_;
};

struct Outcome {
    jackfield::Status status = JF_OK;
    std::string text;
};

class Sink {
public:
    Sink(SinkPlugin& plugin, const std::string& name, std::string_view options = "{}") : plugin_(plugin)
    {
        jf_error error = jackfield::no_error();
        jackfield::check(plugin.methods()->open(plugin.self(), jackfield::to_text(name), jackfield::to_text(options),
                                                &session_, &error),
                         error);
    }
    Sink(const Sink&) = delete;
    Sink& operator=(const Sink&) = delete;
    ~Sink() { release(); }

    /// [any] Waits while there is no room, so that a slow machine records the same as a fast one.
    jackfield::Status write(const jf_frame& frame) const { return write_by(session_.methods->write, frame); }

    /// [any] The same with a frame of ours.
    jackfield::Status write_own(const jf_frame& frame) const { return write_by(session_.methods->write_own, frame); }

    void start_finish()
    {
        session_.methods->finish(session_.self, {this, [](void* self, jf_status status, const jf_error* error) {
                                                     static_cast<Sink*>(self)->outcomes.push_back(
                                                         {status, jackfield::error_text(error, "")});
                                                 }});
    }

    /// Finishes and waits for the answer, and sees that there is no second.
    Outcome finish()
    {
        start_finish();
        EXPECT_TRUE(plugin_.host().run_until([this] { return !outcomes.empty(); }));
        plugin_.host().run_pending();
        EXPECT_EQ(outcomes.size(), 1U);
        return outcomes.empty() ? Outcome{JF_TIMEOUT, "no answer"} : outcomes.front();
    }

    void release()
    {
        if (session_.methods != nullptr)
            session_.methods->release(session_.self);
        session_ = {};
    }

    std::vector<Outcome> outcomes; // [control]

private:
    jackfield::Status write_by(jf_status (*method)(void*, const jf_frame*), const jf_frame& frame) const
    {
        for (;;) {
            const auto status = method(session_.self, &frame);
            if (status != JF_WOULD_BLOCK)
                return status;
            std::this_thread::yield();
        }
    }

    SinkPlugin& plugin_;
    jf_sink_session session_{};
};

/// A tone at half of full scale.
class Tone {
public:
    Tone(double hertz, std::uint32_t rate, std::uint32_t channels) : hertz_(hertz), rate_(rate), channels_(channels) {}

    /// The next 20 ms.
    jf_frame next(std::int64_t time_ns)
    {
        const std::uint32_t count = rate_ / 50;
        samples_.resize(std::size_t{count} * channels_);
        for (std::size_t i = 0; i < samples_.size(); ++i)
            samples_[i] = static_cast<float>(
                0.5 * std::sin(2 * std::numbers::pi * hertz_ * static_cast<double>(at_ + i / channels_) / rate_));
        at_ += count;
        jf_frame frame{};
        frame.struct_size = sizeof(frame);
        frame.kind = JF_AUDIO;
        frame.time_ns = time_ns;
        frame.samples = samples_.data();
        frame.sample_rate_hz = rate_;
        frame.channels = channels_;
        frame.samples_per_channel = count;
        return frame;
    }

private:
    double hertz_;
    std::uint32_t rate_;
    std::uint32_t channels_;
    std::uint64_t at_ = 0;
    std::vector<float> samples_;
};

/// A picture whose left half is so bright and whose right half is black, with lines longer than the picture is wide.
class Picture {
public:
    Picture(std::uint32_t width, std::uint32_t height, std::uint8_t left = 200) : width_(width), height_(height)
    {
        stride_ = width + 13;
        luma_.resize(std::size_t{stride_} * height, 16);
        chroma_.resize(std::size_t{stride_} * ((height + 1) / 2), 128);
        for (std::uint32_t y = 0; y < height; ++y)
            std::fill_n(luma_.begin() + std::ptrdiff_t{y} * stride_, width / 2, left);
    }

    jf_frame frame(std::int64_t time_ns, std::uint32_t rotation = 0) const
    {
        jf_frame frame{};
        frame.struct_size = sizeof(frame);
        frame.kind = JF_VIDEO;
        frame.time_ns = time_ns;
        frame.width_px = width_;
        frame.height_px = height_;
        frame.rotation_deg = rotation;
        for (std::size_t i = 0; i < 3; ++i) {
            frame.planes[i] = i == 0 ? luma_.data() : chroma_.data();
            frame.strides_bytes[i] = stride_;
        }
        return frame;
    }

private:
    std::uint32_t width_;
    std::uint32_t height_;
    std::uint32_t stride_ = 0;
    std::vector<std::uint8_t> luma_;
    std::vector<std::uint8_t> chroma_;
};

inline void write_sound(const Sink& sink, Tone& tone, std::int64_t from_ns, int frames)
{
    for (int i = 0; i < frames; ++i)
        EXPECT_EQ(sink.write(tone.next(from_ns + i * 20 * kMs)), JF_OK);
}

inline void write_pictures(const Sink& sink, std::uint32_t width, std::uint32_t height, std::int64_t from_ns,
                           int frames)
{
    const Picture picture(width, height);
    for (int i = 0; i < frames; ++i)
        EXPECT_EQ(sink.write(picture.frame(from_ns + i * 40 * kMs)), JF_OK);
}

} // namespace sink_test
