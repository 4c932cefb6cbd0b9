// A mouth and an ear for mouth_to_ear_bench. The source "bursts" is silent but for ten milliseconds of a tone that
// begin whenever the host's clock comes to a multiple of half a second; a frame is handed on when its last sample has
// been spoken, as by a microphone. The sink "bursts:FILE" notes when the beginning of each burst is to be heard, and at
// its end writes how long that was after the burst began, in milliseconds, as a JSON list, with how often and for how
// long it had nothing to play. Processes of one machine have one clock, so that nothing else has to pass between the
// two.
//
// Threads:  the source has one of its own, joined by its destructor; the sink's write comes on a media thread.
// Lifetime: as any plugin's.

#include <jackfield/media_sink.hpp>
#include <jackfield/media_source.hpp>
#include <jackfield/plugin.hpp>

#include <nlohmann/json.hpp>

#include <cmath>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <numbers>
#include <thread>
#include <vector>

namespace {

constexpr std::int64_t kEveryNs = 500'000'000;
constexpr std::int64_t kLastsNs = 10'000'000;
constexpr double kToneHz = 1000;
constexpr float kStrength = 0.5F;
constexpr float kHeard = 0.2F;
constexpr std::int64_t kGapNs = 1'000'000; // a shorter one is none

/// Whole seconds first, so that no product is too large.
std::int64_t nanoseconds(std::int64_t samples, std::uint32_t rate_hz)
{
    return samples / rate_hz * 1'000'000'000 + samples % rate_hz * 1'000'000'000 / rate_hz;
}

class Mouth final : public jackfield::SourceSession {
public:
    Mouth(jackfield::Host host, jackfield::SourceListener listener) : host_(host), listener_(listener) {}

    ~Mouth() override
    {
        {
            const std::lock_guard lock(mutex_);
            over_ = true;
        }
        changed_.notify_all();
        if (thread_.joinable())
            thread_.join();
    }

    jf_source_info describe() override
    {
        jf_source_info info{};
        info.struct_size = sizeof(info);
        info.has_audio = 1;
        info.sample_rate_hz = 48'000;
        info.channels = 1;
        return info;
    }

    void start(const jf_source_format& format) override
    {
        if (format.kind != JF_AUDIO)
            throw jackfield::Failure(JF_BAD_INPUT, "bursts have sound alone");
        const auto or_else = [](std::uint32_t asked, std::uint32_t otherwise) {
            return asked == 0 ? otherwise : asked;
        };
        rate_hz_ = or_else(format.sample_rate_hz, 48'000);
        channels_ = or_else(format.channels, 1);
        frame_ = rate_hz_ * or_else(format.frame_ms, 20) / 1000;
        thread_ = std::thread([this] { speak(); });
    }

private:
    void speak()
    {
        const std::int64_t began_ns = host_.now_ns();
        for (std::int64_t at = 0;; at += frame_) {
            const std::int64_t spoken_ns = began_ns + nanoseconds(at + frame_, rate_hz_);
            std::unique_lock lock(mutex_);
            while (!over_ && host_.now_ns() < spoken_ns)
                changed_.wait_for(lock, std::chrono::nanoseconds(spoken_ns - host_.now_ns()));
            if (over_)
                return;
            lock.unlock();
            say(began_ns + nanoseconds(at, rate_hz_));
        }
    }

    void say(std::int64_t time_ns)
    {
        samples_.clear();
        for (std::uint32_t number = 0; number < frame_; ++number) {
            const std::int64_t into_ns = (time_ns + nanoseconds(number, rate_hz_)) % kEveryNs;
            const double turns = static_cast<double>(into_ns) / 1e9 * kToneHz;
            const double level = into_ns < kLastsNs ? std::sin(2 * std::numbers::pi * turns) : 0;
            samples_.insert(samples_.end(), channels_, static_cast<float>(level) * kStrength);
        }
        jf_frame frame{};
        frame.struct_size = sizeof(frame);
        frame.kind = JF_AUDIO;
        frame.time_ns = time_ns;
        frame.samples = samples_.data();
        frame.sample_rate_hz = rate_hz_;
        frame.channels = channels_;
        frame.samples_per_channel = frame_;
        listener_.frame(frame);
    }

    jackfield::Host host_;
    jackfield::SourceListener listener_;
    std::uint32_t rate_hz_ = 0;
    std::uint32_t channels_ = 0;
    std::uint32_t frame_ = 0; // samples of one channel
    std::vector<float> samples_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool over_ = false;
    std::thread thread_;
};

class Mouths final : public jackfield::MediaSource {
public:
    Mouths(jackfield::Host host, std::string_view) : MediaSource(host) {}
    bool accepts(std::string_view name) const noexcept override { return name == "bursts"; }
    std::unique_ptr<jackfield::SourceSession> open(std::string_view, std::string_view,
                                                   jackfield::SourceListener listener) override
    {
        return std::make_unique<Mouth>(host_, listener);
    }
};

class Ear final : public jackfield::SinkSession {
public:
    Ear(jackfield::Host host, std::string file) : SinkSession(host), file_(std::move(file)) {}

    jackfield::Status write(const jf_frame& frame) noexcept override
    {
        if (frame.kind != JF_AUDIO)
            return JF_OK;
        const std::int64_t plays_ns = std::max(frame.time_ns, host_.now_ns()); // it may come late
        if (over_ns_ != 0 && plays_ns - over_ns_ > kGapNs)
            gaps_ms_.push_back(static_cast<double>(plays_ns - over_ns_) / 1e6);
        over_ns_ = plays_ns + nanoseconds(frame.samples_per_channel, frame.sample_rate_hz);
        for (std::uint32_t number = 0; number < frame.samples_per_channel; ++number) {
            const std::int64_t heard_ns = plays_ns + nanoseconds(number, frame.sample_rate_hz);
            const bool loud = std::abs(frame.samples[std::size_t{number} * frame.channels]) > kHeard;
            if (loud && heard_ns - loud_ns_ > kEveryNs / 2)
                after_ms_.push_back(static_cast<double>(heard_ns % kEveryNs) / 1e6);
            if (loud)
                loud_ns_ = heard_ns;
        }
        return JF_OK;
    }

    void finish(jackfield::Completion done) override
    {
        std::ofstream(file_) << nlohmann::json{{"after_ms", after_ms_}, {"gaps_ms", gaps_ms_}};
        done.succeed();
    }

private:
    std::string file_;
    std::int64_t loud_ns_ = 0;
    std::int64_t over_ns_ = 0; // when all that came will have been played
    std::vector<double> after_ms_;
    std::vector<double> gaps_ms_;
};

constexpr std::string_view kEarName = "bursts:";

class Ears final : public jackfield::MediaSink {
public:
    Ears(jackfield::Host host, std::string_view) : MediaSink(host) {}
    bool accepts(std::string_view name) const noexcept override { return name.starts_with(kEarName); }
    std::unique_ptr<jackfield::SinkSession> open(std::string_view name, std::string_view) override
    {
        return std::make_unique<Ear>(host_, std::string(name.substr(kEarName.size())));
    }
};

} // namespace

JF_PLUGIN(Mouths, Ears)
