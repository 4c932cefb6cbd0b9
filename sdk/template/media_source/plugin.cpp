// @ID@: a media source. It makes a tone.
//
// Threads:  frames are made on a thread of the session; everything else comes on the control thread.
// Lifetime: the kernel destroys each session before the instance. No frame may come once a session is destroyed, so its
//           destructor joins the thread.
#include <jackfield/media_source.hpp>
#include <jackfield/plugin.hpp>
#include <jackfield/source_clock.hpp>

#include <nlohmann/json.hpp>

#include <cmath>
#include <numbers>
#include <thread>
#include <vector>

namespace {

using nlohmann::json;

/// What one call sends.
class Session final : public jackfield::SourceSession {
public:
    Session(jackfield::Host host, double tone_hz, bool realtime, jackfield::SourceListener listener)
        : host_(host), tone_hz_(tone_hz), pace_(host, clock_, /*pictures=*/false, realtime), listener_(listener)
    {}

    ~Session() override
    {
        pace_.stop();
        if (thread_.joinable())
            thread_.join();
    }

    /// What there is to have: sound, no pictures, no end.
    jf_source_info describe() override
    {
        jf_source_info info{};
        info.struct_size = sizeof(info);
        info.has_audio = 1;
        info.sample_rate_hz = 48'000;
        info.channels = 1;
        return info;
    }

    /// From now on frames come, in the form that is asked for; 0 leaves a member to us. Once for each kind.
    void start(const jf_source_format& format) override
    {
        if (format.kind != JF_AUDIO)
            throw jackfield::Failure(JF_UNSUPPORTED, "there is sound here and nothing else");
        if (thread_.joinable())
            throw jackfield::Failure(JF_BUSY, "the sound comes already");
        const std::uint32_t rate_hz = format.sample_rate_hz > 0 ? format.sample_rate_hz : 48'000;
        const std::uint32_t channels = format.channels > 0 ? format.channels : 1;
        const std::uint32_t frame_ms = format.frame_ms > 0 ? format.frame_ms : 20;
        clock_->begin(host_.now_ns());
        thread_ = std::thread([this, rate_hz, channels, frame_ms] { run(rate_hz, channels, frame_ms); });
    }

private:
    void run(std::uint32_t rate_hz, std::uint32_t channels, std::uint32_t frame_ms)
    {
        const std::uint32_t count = rate_hz / 1000 * frame_ms;
        std::vector<float> samples(std::size_t{count} * channels); // once: nothing is allocated while media flows
        jf_frame frame{};
        frame.struct_size = sizeof(frame);
        frame.kind = JF_AUDIO;
        frame.samples = samples.data();
        frame.sample_rate_hz = rate_hz;
        frame.channels = channels;
        frame.samples_per_channel = count;
        for (std::int64_t number = 0;; ++number) {
            const std::int64_t media_ns = number * frame_ms * 1'000'000;
            if (!pace_.wait(media_ns)) // until it is due; false if the session goes away
                return;
            for (std::uint32_t i = 0; i < count; ++i) {
                const double seconds = (static_cast<double>(number) * count + i) / rate_hz;
                const auto value = static_cast<float>(0.3 * std::sin(2 * std::numbers::pi * tone_hz_ * seconds));
                for (std::uint32_t channel = 0; channel < channels; ++channel)
                    samples[std::size_t{i} * channels + channel] = value;
            }
            frame.time_ns = clock_->due_ns(media_ns); // by the host's clock, so that sound and pictures stay together
            listener_.frame(frame);
            pace_.delivered(media_ns);
        }
    }

    jackfield::Host host_;
    double tone_hz_;
    std::shared_ptr<jackfield::SourceClock> clock_ = std::make_shared<jackfield::SourceClock>();
    jackfield::SourcePace pace_;
    jackfield::SourceListener listener_;
    std::thread thread_;
};

class Source final : public jackfield::MediaSource {
public:
    /// ConfigError for a configuration that cannot be used: where, what is wrong, what would work. Users read that
    /// text.
    Source(jackfield::Host host, std::string_view config_json) : MediaSource(host)
    {
        const json config = json::parse(config_json, nullptr, /*allow_exceptions=*/false);
        if (!config.is_object())
            throw jackfield::ConfigError(": expected a JSON object; {} would work");
        const json tone = config.value("tone_hz", json(440));
        if (!tone.is_number_integer() || tone < 20 || tone > 20'000)
            throw jackfield::ConfigError("/tone_hz: expected a whole number from 20 to 20000; 440 would work");
        tone_hz_ = tone.get<double>();
    }

    /// Is this name ours? Sources share one space of names: "test", "microphone:", "/home/me/film.mp4".
    bool accepts(std::string_view name) const noexcept override { return name == JACKFIELD_PLUGIN_ID; }

    std::unique_ptr<jackfield::SourceSession> open(std::string_view name, std::string_view options_json,
                                                   jackfield::SourceListener listener) override
    {
        if (!accepts(name))
            throw jackfield::Failure(JF_NOT_FOUND, "there is one source here: \"" JACKFIELD_PLUGIN_ID "\" would work");
        const json options = json::parse(options_json, nullptr, false);
        const bool realtime = !options.is_object() || options.value("realtime", json(true)) != false;
        return std::make_unique<Session>(host_, tone_hz_, realtime, listener);
    }

private:
    double tone_hz_ = 0;
};

} // namespace

// The one symbol that the library exports. Id and version come from CMakeLists.txt, so that the manifest agrees.
JF_PLUGIN(Source)
