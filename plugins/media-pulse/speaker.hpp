// A loudspeaker in a call: a stream that plays each frame at its time. See shared/sound/playout_queue.hpp.
//
// Threads:  write on the call's thread for sound; the rest on control.
// Lifetime: the kernel's. It plays from the moment it is opened: silence, until something comes.
#pragma once

#include "device_stream.hpp"

#include <jackfield/media_sink.hpp>
#include <shared/sound/playout_queue.hpp>

namespace media_pulse {

class Speaker final : public jackfield::SinkSession, private DeviceStream {
public:
    Speaker(jackfield::Host host, PulseLoop& loop, std::string wanted);
    ~Speaker() override;

    /// Pictures are swallowed: nobody hears them.
    jackfield::Status write(const jf_frame& frame) noexcept override;
    void finish(jackfield::Completion done) override;

private:
    void data(pa_stream* stream, std::size_t bytes) override;
    void interrupted() override;
    void stop();

    jackfield::sound::PlayoutQueue queue_;
    bool stopped_ = false;
};

} // namespace media_pulse
