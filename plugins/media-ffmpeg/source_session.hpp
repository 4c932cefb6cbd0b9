// An opened source: what it has, and one track per kind that was started.
//
// Threads: [control]; the tracks have threads of their own.
#pragma once

#include "source_track.hpp"

#include <memory>

namespace media_ffmpeg {

class FileSourceSession final : public jackfield::SourceSession {
public:
    /// Throws Failure if the file cannot be read.
    FileSourceSession(jackfield::Host host, std::string name, Pace pace, jackfield::SourceListener listener);
    ~FileSourceSession() override;

    jf_source_info describe() override { return info_; }
    void start(const jf_source_format& format) override;

private:
    std::string name_;
    Pace pace_;
    jackfield::SourceListener listener_;
    jf_source_info info_;
    jackfield::Scope scope_;
    std::unique_ptr<SourceTrack> audio_;
    std::unique_ptr<SourceTrack> video_;
};

} // namespace media_ffmpeg
