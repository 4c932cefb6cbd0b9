// A microphone of ALSA in a call. See shared/sound/capture_framer.hpp.
//
// Threads:  methods on control; the device has a thread, and frames come on the framer's.
// Lifetime: the kernel's. Nothing is recorded before start.
#pragma once

#include "options.hpp"
#include "pcm_thread.hpp"

#include <jackfield/media_source.hpp>
#include <shared/sound/capture_framer.hpp>

#include <optional>

namespace media_alsa {

class Microphone final : public jackfield::SourceSession {
public:
    /// Throws Failure if there is no such device.
    Microphone(jackfield::Host host, std::string device, Options options, jackfield::SourceListener listener);
    ~Microphone() override;

    jf_source_info describe() override;
    void start(const jf_source_format& format) override;

private:
    snd_pcm_sframes_t read(snd_pcm_t& pcm, snd_pcm_uframes_t count);

    jackfield::Host host_;
    std::string device_;
    Options options_;
    jackfield::SourceListener listener_;
    std::optional<jackfield::sound::CaptureFramer> framer_;
    std::vector<float> samples_;
    std::optional<PcmThread> thread_;
};

} // namespace media_alsa
