// A loudspeaker of ALSA in a call. See shared/sound/playout_queue.hpp.
//
// Threads:  write on the call's thread for sound; the device has a thread; the rest on control.
// Lifetime: the kernel's. It plays from the moment it is opened: silence, until something comes.
#pragma once

#include "options.hpp"
#include "pcm_thread.hpp"

#include <jackfield/media_sink.hpp>
#include <shared/sound/playout_queue.hpp>

#include <optional>

namespace media_alsa {

class Speaker final : public jackfield::SinkSession {
public:
    /// Throws Failure if there is no such device.
    Speaker(jackfield::Host host, std::string device, Options options);

    /// Pictures are swallowed: nobody hears them.
    jackfield::Status write(const jf_frame& frame) noexcept override;
    void finish(jackfield::Completion done) override;

private:
    snd_pcm_sframes_t play(snd_pcm_t& pcm, snd_pcm_uframes_t count);

    jackfield::sound::PlayoutQueue queue_;
    std::vector<float> samples_;
    std::optional<PcmThread> thread_;
};

} // namespace media_alsa
