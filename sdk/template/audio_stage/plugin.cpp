// @ID@: an audio stage. It makes our sound louder or softer before it is encoded.
//
// Threads:  process comes on the thread of what we send, played on that of what we hear; everything else on control.
// Lifetime: the kernel destroys each session before the instance, and calls nothing of either after that.
#include <jackfield/audio_stage.hpp>
#include <jackfield/plugin.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>

namespace {

using nlohmann::json;

/// The sound of one call.
class Session final : public jackfield::AudioStageSession {
public:
    Session(float gain, std::uint32_t rate_hz, std::uint32_t channels)
        : gain_(gain), rate_hz_(rate_hz), channels_(channels)
    {}

    /// `samples` are those of the frame, interleaved, to be changed in place. This is the way of the media: do not
    /// wait, do not allocate, take no lock that another thread may hold for long.
    jackfield::Status process(const jf_frame& frame, float* samples) noexcept override
    {
        if (frame.kind != JF_AUDIO || frame.sample_rate_hz != rate_hz_ || frame.channels != channels_)
            return JF_BAD_INPUT;
        const std::size_t count = std::size_t{frame.samples_per_channel} * frame.channels;
        for (std::size_t i = 0; i < count; ++i)
            samples[i] = std::clamp(samples[i] * gain_, -1.0F, 1.0F);
        return JF_OK;
    }

    /// What the peer says, when it is played. An echo canceller would take that out of our sound again.
    void played(const jf_frame&) noexcept override {}

private:
    float gain_;
    std::uint32_t rate_hz_;
    std::uint32_t channels_;
};

class Stage final : public jackfield::AudioStage {
public:
    /// ConfigError for a configuration that cannot be used: where, what is wrong, what would work. Users read that
    /// text.
    Stage(jackfield::Host host, std::string_view config_json) : AudioStage(host)
    {
        const json config = json::parse(config_json, nullptr, /*allow_exceptions=*/false);
        if (!config.is_object())
            throw jackfield::ConfigError(": expected a JSON object; {} would work");
        const json percent = config.value("gain_percent", json(100));
        if (!percent.is_number_integer() || percent < 0 || percent > 1000)
            throw jackfield::ConfigError("/gain_percent: expected a whole number from 0 to 1000; 100 would work");
        gain_ = percent.get<float>() / 100;
    }

    /// The form that all frames will have: {"sample_rate_hz": 48000, "channels": 1, "frame_ms": 20}. JF_UNSUPPORTED if
    /// it is one that we cannot process.
    std::unique_ptr<jackfield::AudioStageSession> open(std::string_view form_json) override
    {
        const json form = json::parse(form_json, nullptr, false);
        const auto number = [&](const char* name) -> std::uint32_t {
            const json value = form.is_object() ? form.value(name, json()) : json();
            if (!value.is_number_unsigned() || value == 0 || value > 768'000)
                throw jackfield::Failure(JF_UNSUPPORTED,
                                         std::string("no sound has this ") + name + "; 48000 Hz, 1 channel would work");
            return value.get<std::uint32_t>();
        };
        return std::make_unique<Session>(gain_, number("sample_rate_hz"), number("channels"));
    }

private:
    float gain_ = 1;
};

} // namespace

// The one symbol that the library exports. Id and version come from CMakeLists.txt, so that the manifest agrees.
JF_PLUGIN(Stage)
