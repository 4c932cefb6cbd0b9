// The opened test source: one track for sound, which the instance's threads make, and one for pictures, on a thread of
// its own once it is started.
//
// Threads:  [control]; frames are made and handed on by the tracks' threads.
// Lifetime: the kernel's. The destructor waits for both threads, which wait for nothing but the clock and the listener.
#pragma once

#include "options.hpp"
#include "sound_thread.hpp"
#include "tone.hpp"

#include <jackfield/media_source.hpp>
#include <jackfield/source_clock.hpp>

#include <optional>
#include <thread>

namespace media_test {

class Session final : public jackfield::SourceSession, private SoundThread::Track {
public:
    Session(jackfield::Host host, const Options& options, bool realtime, SoundThread& sound_thread,
            jackfield::SourceListener listener);
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session() override;

    jf_source_info describe() override;

    /// Throws Failure: a kind that is none, or comes already, or in a form that cannot be had.
    void start(const jf_source_format& format) override;

private:
    std::int64_t begin();
    void start_sound(const jf_source_format& format);
    void start_pictures(const jf_source_format& format);
    std::int64_t due_ns() override; // of sound
    void deliver() override;
    void hand_on(jackfield::SourcePace& pace, jf_frame frame, std::int64_t media_ns);

    jackfield::Host host_;
    Options options_;
    bool realtime_;
    jackfield::SourceListener listener_;
    std::shared_ptr<jackfield::SourceClock> clock_ = std::make_shared<jackfield::SourceClock>(); // the paces' as well
    jackfield::SourcePace sound_;
    jackfield::SourcePace pictures_;
    SoundThread& sound_thread_;
    std::optional<Tone> tone_; // once sound is started
    std::thread pictures_thread_;
};

} // namespace media_test
