// The opened test source: one track for sound and one for pictures, each on a thread of its own once it is started.
//
// Threads:  [control]; frames are made and handed on by the tracks' threads.
// Lifetime: the kernel's. The destructor joins both threads: they wait for nothing but the clock and the listener.
#pragma once

#include "options.hpp"

#include <jackfield/media_source.hpp>
#include <jackfield/source_clock.hpp>

#include <optional>
#include <thread>

namespace media_test {

class Session final : public jackfield::SourceSession {
public:
    Session(jackfield::Host host, const Options& options, bool realtime, jackfield::SourceListener listener);
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session() override;

    jf_source_info describe() override;

    /// Throws Failure: a kind that is none, or comes already, or in a form that cannot be had.
    void start(const jf_source_format& format) override;

private:
    struct Track {
        Track(jackfield::Host host, const std::shared_ptr<jackfield::SourceClock>& clock, bool pictures, bool realtime)
            : pace(host, clock, pictures, realtime)
        {}
        jackfield::SourcePace pace;
        std::thread thread;
    };

    std::int64_t begin();
    void start_sound(const jf_source_format& format);
    void start_pictures(const jf_source_format& format);
    void deliver(Track& track, jf_frame frame, std::int64_t media_ns);

    jackfield::Host host_;
    Options options_;
    bool realtime_;
    jackfield::SourceListener listener_;
    std::shared_ptr<jackfield::SourceClock> clock_ = std::make_shared<jackfield::SourceClock>(); // the paces' as well
    Track sound_;
    Track pictures_;
};

} // namespace media_test
