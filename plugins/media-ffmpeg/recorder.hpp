// A recording as the kernel holds it, and the sink that swallows everything.
//
// Threads:  write on media threads (copies or drops); finish on control; encoding and the disk on a worker.
// Lifetime: the kernel's. A worker that still completes the file goes on without it and is joined with the plugin.
#pragma once

#include "recording.hpp"
#include "worker.hpp"

#include <jackfield/media_sink.hpp>

namespace media_ffmpeg {

class Recorder final : public jackfield::BothSidesSession {
public:
    /// Opens the file. Throws Failure if that cannot be done, or not within two seconds.
    Recorder(jackfield::Host host, LeavingThreads& leaving, const std::string& name, OpenSink what,
             const RecordOptions& options);
    ~Recorder() override;

    jackfield::Status write(const jf_frame& frame) noexcept override;
    jackfield::Status write_own(const jf_frame& frame) noexcept override;
    void finish(jackfield::Completion done) override;

private:
    /// Where the end of the worker's work is told. Shared by both: either may be the last.
    struct End {
        std::mutex mutex;
        std::optional<jackfield::Completion> done;
        bool released = false;
    };

    static void work(jackfield::Host host, Recording& recording, End& end);

    LeavingThreads& leaving_;
    std::shared_ptr<Recording> recording_; // the worker's as well
    std::shared_ptr<End> end_;
    std::optional<Worker> worker_;
    bool finishing_ = false;
};

/// Swallows everything: the sink named "null".
class NullSink final : public jackfield::BothSidesSession {
public:
    using BothSidesSession::BothSidesSession;
    jackfield::Status write(const jf_frame&) noexcept override { return JF_OK; }
    jackfield::Status write_own(const jf_frame&) noexcept override { return JF_OK; }
    void finish(jackfield::Completion done) override { done.succeed(); }
};

} // namespace media_ffmpeg
