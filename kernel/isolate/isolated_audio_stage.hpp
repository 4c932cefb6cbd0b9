// What stands in the place of an audio stage whose code is in another process.
//
// Threads:  as audio_stage.h has them.
// Lifetime: the instance's; sessions have been released before it goes.

#pragma once

#include "kernel/isolate/sessions.hpp"

#include <jackfield/abi/audio_stage.h>

namespace jackfield::kernel::isolate {

class IsolatedAudioStage {
public:
    static const jf_audio_stage_methods kMethods;

    IsolatedAudioStage(const Hosting& hosting, const jf_host& host);
    ~IsolatedAudioStage() { supervisor_.end(); }

    std::expected<void, Error> start();

private:
    struct Session;
    static const jf_audio_stage_session_methods kSession;

    Supervisor supervisor_;
    Sessions sessions_;
};

} // namespace jackfield::kernel::isolate
