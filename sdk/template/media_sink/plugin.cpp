// @ID@: a media sink. It measures how loud the peer's sound is.
//
// Threads:  write comes on media threads, one for sound and one for pictures; everything else on the control thread.
// Lifetime: the kernel destroys each session before the instance, and calls nothing of either after that.
#include <jackfield/media_sink.hpp>
#include <jackfield/plugin.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <cmath>

namespace {

using nlohmann::json;

/// One call plays into one session.
class Session final : public jackfield::SinkSession {
public:
    Session(jackfield::Host host, float loud) : SinkSession(host), loud_(loud) {}

    /// One frame, borrowed until we return. This is the way of the media: do not wait, do not allocate, take no lock
    /// that another thread may hold for long. An answer other than JF_OK costs this frame and nothing else.
    jackfield::Status write(const jf_frame& frame) noexcept override
    {
        if (frame.kind == JF_VIDEO) {
            pictures_.fetch_add(1, std::memory_order_relaxed);
            return JF_OK;
        }
        if (frame.kind != JF_AUDIO)
            return JF_BAD_INPUT;
        float peak = 0;
        for (std::size_t i = 0; i < std::size_t{frame.samples_per_channel} * frame.channels; ++i)
            peak = std::max(peak, std::abs(frame.samples[i]));
        sounds_.fetch_add(1, std::memory_order_relaxed);
        loud_sounds_.fetch_add(peak >= loud_ ? 1 : 0, std::memory_order_relaxed);
        return JF_OK;
    }

    /// Nothing is written any more: bring to an end what there is, a file for example, and say when that is done.
    /// `done` may be kept and ended later, from any thread.
    void finish(jackfield::Completion done) override
    {
        host_.info(JACKFIELD_PLUGIN_ID ": " + std::to_string(loud_sounds_) + " of " + std::to_string(sounds_) +
                   " frames of sound were loud; " + std::to_string(pictures_) + " pictures");
        done.succeed();
    }

private:
    float loud_;
    std::atomic<std::uint64_t> sounds_{0};
    std::atomic<std::uint64_t> loud_sounds_{0};
    std::atomic<std::uint64_t> pictures_{0};
};

class Sink final : public jackfield::MediaSink {
public:
    /// ConfigError for a configuration that cannot be used: where, what is wrong, what would work. Users read that
    /// text.
    Sink(jackfield::Host host, std::string_view config_json) : MediaSink(host)
    {
        const json config = json::parse(config_json, nullptr, /*allow_exceptions=*/false);
        if (!config.is_object())
            throw jackfield::ConfigError(": expected a JSON object; {} would work");
        const json percent = config.value("loud_percent", json(50));
        if (!percent.is_number_integer() || percent < 1 || percent > 100)
            throw jackfield::ConfigError("/loud_percent: expected a whole number from 1 to 100; 50 would work");
        loud_ = percent.get<float>() / 100;
    }

    /// Is this name ours? Sinks share one space of names: "null", "speaker:", "/tmp/call.mkv".
    bool accepts(std::string_view name) const noexcept override { return name == JACKFIELD_PLUGIN_ID; }

    std::unique_ptr<jackfield::SinkSession> open(std::string_view name, std::string_view options_json) override
    {
        if (!accepts(name))
            throw jackfield::Failure(JF_NOT_FOUND, "there is one sink here: \"" JACKFIELD_PLUGIN_ID "\" would work");
        // Some want to keep both sides of a call. To take what we send as well, derive from BothSidesSession.
        const json options = json::parse(options_json, nullptr, false);
        if (options.is_object() &&
            (options.value("own_audio", json()) == true || options.value("own_video", json()) == true))
            throw jackfield::Failure(JF_UNSUPPORTED, "only what the peer sends is measured here");
        return std::make_unique<Session>(host_, loud_);
    }

private:
    float loud_ = 0;
};

} // namespace

// The one symbol that the library exports. Id and version come from CMakeLists.txt, so that the manifest agrees.
JF_PLUGIN(Sink)
