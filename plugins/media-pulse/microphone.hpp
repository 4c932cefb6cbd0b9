// A microphone in a call: a stream that is recorded, cut into frames.
//
// Threads:  methods on control; frames come on the framer's thread.
// Lifetime: the kernel's. Nothing is recorded before start.
#pragma once

#include "device_stream.hpp"

#include <jackfield/media_source.hpp>
#include <shared/sound/capture_framer.hpp>

#include <memory>

namespace media_pulse {

class Microphone final : public jackfield::SourceSession {
public:
    Microphone(jackfield::Host host, PulseLoop& loop, std::string wanted, jackfield::SourceListener listener);
    ~Microphone() override;

    jf_source_info describe() override;

    /// Throws Failure: no sound, a form that no microphone has, or it comes already.
    void start(const jf_source_format& format) override;

private:
    class Recording;

    jackfield::Host host_;
    PulseLoop& loop_;
    std::string wanted_;
    jackfield::SourceListener listener_;
    std::unique_ptr<Recording> recording_;
};

} // namespace media_pulse
