// A recording: takes frames from the media threads, encodes and writes them on a thread of its own.
//
// Threads:  write on media threads (copies into a buffer that is there already, or drops); finish on control; encoding
// and
//           the disk on the worker, which the destructor joins.
// Lifetime: the kernel's. Without finish the file is left without its end.
#pragma once

#include "recorder_streams.hpp"

#include <jackfield/media_sink.hpp>

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

namespace media_ffmpeg {

struct RecorderOptions {
    bool audio = true;
    bool video = true;
};

class Recorder final : public jackfield::SinkSession {
public:
    /// Creates the file. Throws Failure if that cannot be done.
    Recorder(jackfield::Host host, const std::string& file, RecorderOptions options);
    ~Recorder() override;

    jackfield::Status write(const jf_frame& frame) noexcept override;
    void finish(jackfield::Completion done) override;

private:
    /// A frame with its own memory.
    struct Slot {
        jf_frame frame{};
        std::vector<std::uint8_t> bytes;
    };

    struct CloseFile {
        void operator()(AVFormatContext* file) const;
    };

    static void copy(const jf_frame& from, Slot& to);
    void run();
    void consume(Slot& slot);
    bool may_begin(bool finishing) const;
    void begin();
    void write_out(Slot& slot);
    void complete();

    std::string name_;
    FileKind kind_;
    RecorderOptions options_;
    std::unique_ptr<AVFormatContext, CloseFile> file_;
    std::optional<AudioStream> audio_;
    std::optional<VideoStream> video_;
    std::deque<std::unique_ptr<Slot>> before_begin_; // until every kind that will come has come
    bool seen_audio_ = false;
    bool seen_video_ = false;
    int width_px_ = 640;
    int height_px_ = 480;
    std::int64_t origin_ns_ = 0;
    bool begun_ = false;
    std::string problem_; // the first; nothing is written after it

    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::unique_ptr<Slot>> free_audio_;
    std::vector<std::unique_ptr<Slot>> free_video_;
    std::deque<std::unique_ptr<Slot>> queue_;
    std::optional<jackfield::Completion> finish_;
    bool stop_ = false;
    std::thread worker_;
};

/// Swallows everything: the sink named "null".
class NullSink final : public jackfield::SinkSession {
public:
    using SinkSession::SinkSession;
    jackfield::Status write(const jf_frame&) noexcept override { return JF_OK; }
    void finish(jackfield::Completion done) override { done.succeed(); }
};

} // namespace media_ffmpeg
