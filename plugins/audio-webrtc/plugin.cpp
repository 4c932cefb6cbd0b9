// Echo cancellation, noise suppression and gain control for our voice.
//
// Threads:  methods on control; sessions on two media threads.
// Lifetime: sessions are the kernel's and end before the instance that made them.

#include "voice_session.hpp"

#include <jackfield/plugin.hpp>

namespace {

using namespace audio_webrtc;

class VoiceStage final : public jackfield::AudioStage {
public:
    VoiceStage(jackfield::Host host, std::string_view config_json)
        : AudioStage(host), options_(read_options(config_json))
    {}

    std::unique_ptr<jackfield::AudioStageSession> open(std::string_view form_json) override
    {
        return std::make_unique<VoiceSession>(host_, options_, read_form(form_json));
    }

private:
    Options options_;
};

} // namespace

JF_PLUGIN(VoiceStage)
