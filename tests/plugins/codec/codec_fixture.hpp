// What the tests of codec plugins share: a plugin through its C entry, media with known content, and measures of it.
//
// Threads: the test's. Lifetime: encoders and decoders are released before the instance that made them.
#pragma once

#include <jackfield/abi/codec.h>
#include <jackfield/testing/fake_host.hpp>
#include <jackfield/testing/plugin_under_test.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <numbers>
#include <string>
#include <vector>

namespace jackfield::codec::testing {

/// A payload with its bytes.
struct Sent {
    jf_payload payload{};
    Bytes bytes;
    jf_payload view() const
    {
        jf_payload out = payload;
        out.bytes = to_bytes(bytes);
        return out;
    }
};

/// A frame with its content: samples, or the three planes without gaps.
struct Got {
    jf_frame frame{};
    std::vector<float> samples;
    std::vector<std::uint8_t> planes[3];
};

class CodecPlugin {
public:
    explicit CodecPlugin(const std::string& id, std::string_view config = "{}",
                         const std::string& folder = JACKFIELD_TEST_PLUGIN_DIR)
        : instance_(host_, folder, id, JF_CODEC_INTERFACE, config)
    {}

    const jf_codec_methods* methods() const { return instance_.methods(); }
    void* self() const { return instance_.self(); }

    std::string capabilities() const
    {
        std::string json;
        jf_error error = no_error();
        check(methods()->capabilities(self(), append_to(json), &error), error);
        return json;
    }

private:
    jackfield::testing::FakeHost host_;
    jackfield::testing::InstanceUnderTest<jf_codec_methods> instance_;
};

class EncoderUnderTest {
public:
    EncoderUnderTest(const CodecPlugin& plugin, std::string_view config)
    {
        jf_error error = no_error();
        check(plugin.methods()->open_encoder(plugin.self(), to_text(config), {this, &EncoderUnderTest::take}, &raw_,
                                             &error),
              error);
    }
    EncoderUnderTest(const EncoderUnderTest&) = delete;
    EncoderUnderTest& operator=(const EncoderUnderTest&) = delete;
    ~EncoderUnderTest()
    {
        if (raw_.methods != nullptr)
            raw_.methods->release(raw_.self);
    }

    Status encode(const jf_frame& frame) { return raw_.methods->encode(raw_.self, &frame); }
    void set_bitrate(std::uint32_t bps) { raw_.methods->set_bitrate(raw_.self, bps); }
    void request_key_frame() { raw_.methods->request_key_frame(raw_.self); }
    void set_loss(std::uint32_t percent) { raw_.methods->set_loss(raw_.self, percent); }

    /// What came out since the last call.
    std::vector<Sent> take_sent() { return std::exchange(sent_, {}); }

    /// What one frame became.
    std::vector<Sent> encoded(const jf_frame& frame)
    {
        sent_.clear();
        EXPECT_EQ(encode(frame), JF_OK);
        return take_sent();
    }

private:
    static void take(void* self, const jf_payload* payload)
    {
        const auto bytes = view(payload->bytes);
        static_cast<EncoderUnderTest*>(self)->sent_.push_back({*payload, Bytes(bytes.begin(), bytes.end())});
    }

    jf_encoder raw_{};
    std::vector<Sent> sent_;
};

class DecoderUnderTest {
public:
    DecoderUnderTest(const CodecPlugin& plugin, std::string_view config)
    {
        jf_error error = no_error();
        check(plugin.methods()->open_decoder(plugin.self(), to_text(config), {this, &DecoderUnderTest::take}, &raw_,
                                             &error),
              error);
    }
    DecoderUnderTest(const DecoderUnderTest&) = delete;
    DecoderUnderTest& operator=(const DecoderUnderTest&) = delete;
    ~DecoderUnderTest()
    {
        if (raw_.methods != nullptr)
            raw_.methods->release(raw_.self);
    }

    Status decode(const Sent& sent, std::uint16_t lost_before = 0)
    {
        jf_payload payload = sent.view();
        payload.lost_before = lost_before;
        return raw_.methods->decode(raw_.self, &payload);
    }

    /// All of them; the status of the last.
    Status decode(const std::vector<Sent>& all)
    {
        Status status = JF_OK;
        for (const auto& sent : all)
            status = decode(sent);
        return status;
    }

    std::vector<Got> got;

private:
    static void take(void* self, const jf_frame* frame)
    {
        Got got;
        got.frame = *frame;
        if (frame->kind == JF_AUDIO) {
            got.samples.assign(frame->samples,
                               frame->samples + std::size_t{frame->samples_per_channel} * frame->channels);
        } else {
            for (std::size_t i = 0; i < 3; ++i) {
                const std::size_t width = i == 0 ? frame->width_px : (frame->width_px + 1) / 2;
                const std::size_t height = i == 0 ? frame->height_px : (frame->height_px + 1) / 2;
                for (std::size_t y = 0; y < height; ++y) {
                    const auto* row = frame->planes[i] + y * frame->strides_bytes[i];
                    got.planes[i].insert(got.planes[i].end(), row, row + width);
                }
            }
        }
        static_cast<DecoderUnderTest*>(self)->got.push_back(std::move(got));
    }

    jf_decoder raw_{};
};

/// A picture with edges and gradients that move with its number.
class Picture {
public:
    Picture(std::uint32_t width, std::uint32_t height, int number) : width_(width), height_(height)
    {
        const std::uint32_t half_width = (width + 1) / 2;
        const std::uint32_t half_height = (height + 1) / 2;
        planes_[0].resize(std::size_t{width} * height);
        planes_[1].resize(std::size_t{half_width} * half_height);
        planes_[2].resize(planes_[1].size());
        const int box = (number * 4) % static_cast<int>(width);
        for (int y = 0; y < static_cast<int>(height); ++y) {
            for (int x = 0; x < static_cast<int>(width); ++x) {
                const bool inside = x >= box && x < box + 48 && y >= 20 && y < 68;
                const int wave = 110 + static_cast<int>(50 * std::sin((x + number * 3) / 17.0) * std::cos(y / 13.0));
                luma(x, y) = static_cast<std::uint8_t>(inside ? 220 : wave);
            }
        }
        for (std::size_t i = 0; i < planes_[1].size(); ++i) {
            planes_[1][i] = static_cast<std::uint8_t>(96 + i % half_width * 64 / half_width);
            planes_[2][i] = static_cast<std::uint8_t>(96 + i / half_width * 64 / half_height);
        }
    }

    jf_frame frame(std::int64_t time_ns) const
    {
        jf_frame out{};
        out.struct_size = sizeof(out);
        out.kind = JF_VIDEO;
        out.time_ns = time_ns;
        out.width_px = width_;
        out.height_px = height_;
        for (std::size_t i = 0; i < 3; ++i) {
            out.planes[i] = planes_[i].data();
            out.strides_bytes[i] = i == 0 ? width_ : (width_ + 1) / 2;
        }
        return out;
    }

    const std::vector<std::uint8_t>& plane(std::size_t i) const { return planes_[i]; }

private:
    std::uint8_t& luma(int x, int y)
    {
        return planes_[0][static_cast<std::size_t>(y) * width_ + static_cast<std::size_t>(x)];
    }

    std::uint32_t width_;
    std::uint32_t height_;
    std::vector<std::uint8_t> planes_[3];
};

/// Peak signal-to-noise ratio in dB.
inline double psnr(const std::vector<std::uint8_t>& a, const std::vector<std::uint8_t>& b)
{
    EXPECT_EQ(a.size(), b.size());
    double sum = 0;
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
        const double difference = static_cast<double>(a[i]) - b[i];
        sum += difference * difference;
    }
    return sum == 0 ? 99 : 10 * std::log10(255.0 * 255.0 * static_cast<double>(a.size()) / sum);
}

inline constexpr std::int64_t kFrameNs = 33'333'333;
inline constexpr std::int64_t kStartNs = 5'000'000'000;

inline std::int64_t video_time(int number)
{
    return kStartNs + number * kFrameNs;
}

/// A sine, with the channels in opposite phase so that a swap or a mix shows.
class Tone {
public:
    Tone(std::uint32_t rate, std::uint32_t channels, double hertz) : rate_(rate), channels_(channels), hertz_(hertz) {}

    /// The next so many samples.
    jf_frame next(std::uint32_t count)
    {
        samples_.resize(std::size_t{count} * channels_);
        for (std::uint32_t i = 0; i < count; ++i) {
            const double value = 0.5 * std::sin(2 * std::numbers::pi * hertz_ * static_cast<double>(at_ + i) / rate_);
            for (std::uint32_t channel = 0; channel < channels_; ++channel)
                samples_[std::size_t{i} * channels_ + channel] = static_cast<float>(channel == 0 ? value : -value);
        }
        jf_frame out{};
        out.struct_size = sizeof(out);
        out.kind = JF_AUDIO;
        out.time_ns = kStartNs + static_cast<std::int64_t>(at_) * 1'000'000'000 / rate_;
        out.samples = samples_.data();
        out.sample_rate_hz = rate_;
        out.channels = channels_;
        out.samples_per_channel = count;
        at_ += count;
        return out;
    }

    /// How much of `heard` (one channel) is this tone: 1 if all of it, whatever its phase.
    double share(const std::vector<float>& heard) const
    {
        double sine = 0;
        double cosine = 0;
        double energy = 0;
        for (std::size_t i = 0; i < heard.size(); ++i) {
            const double angle = 2 * std::numbers::pi * hertz_ * static_cast<double>(i) / rate_;
            sine += heard[i] * std::sin(angle);
            cosine += heard[i] * std::cos(angle);
            energy += static_cast<double>(heard[i]) * heard[i];
        }
        return energy == 0 ? 0 : (sine * sine + cosine * cosine) * 2 / (static_cast<double>(heard.size()) * energy);
    }

private:
    std::uint32_t rate_;
    std::uint32_t channels_;
    double hertz_;
    std::uint64_t at_ = 0;
    std::vector<float> samples_;
};

inline double loudness(const std::vector<float>& samples)
{
    double energy = 0;
    for (const float sample : samples)
        energy += static_cast<double>(sample) * sample;
    return samples.empty() ? 0 : std::sqrt(energy / static_cast<double>(samples.size()));
}

/// One channel of all frames in a row.
inline std::vector<float> channel_of(const std::vector<Got>& all, std::size_t channel)
{
    std::vector<float> out;
    for (const auto& got : all) {
        for (std::size_t i = channel; i < got.samples.size(); i += got.frame.channels)
            out.push_back(got.samples[i]);
    }
    return out;
}

} // namespace jackfield::codec::testing
