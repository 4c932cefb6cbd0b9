// An audio stage that makes sound half as loud, correct but for one bug.
//
// Threads: process and played on media threads, the rest on control. Lifetime: the SDK's.
#include "planted.hpp"

#include <jackfield/audio_stage.hpp>
#include <jackfield/plugin.hpp>

#include <nlohmann/json.hpp>

#include <atomic>

namespace {

using namespace jackfield;
using planted::has;

class Session final : public AudioStageSession {
public:
    Status process(const jf_frame& frame, float* samples) noexcept override
    {
        if (frame.sample_rate_hz != 48'000 && !has("JF-STG-02"))
            return JF_BAD_INPUT;
        if (has("JF-STG-03") && heard_)
            return JF_BAD_INPUT;
        for (std::uint32_t i = 0; i < frame.samples_per_channel * frame.channels; ++i)
            samples[i] /= 2;
        return JF_OK;
    }
    void played(const jf_frame&) noexcept override { heard_ = true; }

private:
    std::atomic<bool> heard_{false};
};

class Halver final : public AudioStage {
public:
    Halver(Host host, std::string_view config_json) : AudioStage(host) { planted::look_at(config_json); }
    std::unique_ptr<AudioStageSession> open(std::string_view form_json) override
    {
        const auto form = nlohmann::json::parse(form_json, nullptr, false);
        if (!has("JF-STG-01") && (!form.is_object() || form.value("sample_rate_hz", 0) != 48'000))
            throw Failure(JF_UNSUPPORTED, "48 kHz would work");
        return std::make_unique<Session>();
    }
};

} // namespace

JF_PLUGIN(Halver)
