// An opened source: what it has, and one track for each kind.
//
// Threads:  [control]; the tracks have threads of their own.
// Lifetime: the kernel's; the plugin instance, whose LeavingThreads it uses, outlives it.
#pragma once

#include "input.hpp"
#include "source_track.hpp"

#include <memory>
#include <optional>

namespace media_ffmpeg {

class FileSourceSession final : public jackfield::SourceSession {
public:
    /// Throws Failure if the file cannot be read, or not within two seconds.
    FileSourceSession(jackfield::Host host, LeavingThreads& leaving, std::string name, OpenSource how,
                      const TestOptions& test, jackfield::SourceListener listener);
    ~FileSourceSession() override;

    jf_source_info describe() override { return info_; }
    void start(const jf_source_format& format) override;

private:
    struct Track {
        std::shared_ptr<SourceTrack> track; // its thread is the second owner
        std::optional<Worker> worker;
    };

    void open_test(const TestOptions& test);
    void open_file();
    void end();
    void prepare(std::uint32_t kind, SourceTrack::MakeReader make_reader);

    LeavingThreads& leaving_;
    std::string name_;
    OpenSource how_;
    jackfield::SourceListener listener_;
    jf_source_info info_{};
    jackfield::Scope scope_;
    std::shared_ptr<jackfield::SourceClock> clock_ = std::make_shared<jackfield::SourceClock>(); // the tracks' as well
    Track audio_;
    Track video_;
};

} // namespace media_ffmpeg
