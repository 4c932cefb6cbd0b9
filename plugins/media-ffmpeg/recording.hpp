// What becomes of the frames of a recording: encoded, and written into one file.
//
// Threads:  made and given up on control; everything else on the worker.
// Lifetime: shared by the session and the worker, which may have to wait for a disk longer than the session lives.
#pragma once

#include "frame_queue.hpp"
#include "output.hpp"
#include "picture_track.hpp"
#include "sound_track.hpp"

#include <jackfield/host.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

namespace media_ffmpeg {

/// Which container a name asks for. Throws Failure with what would work.
FileKind kind_of(const std::string& name);

class Recording {
public:
    Recording(jackfield::Host host, std::unique_ptr<Output> output, FileKind kind, OpenSink what,
              const RecordOptions& options);
    Recording(const Recording&) = delete;
    Recording& operator=(const Recording&) = delete;
    ~Recording();

    FrameQueue& queue() { return queue_; }

    /// [control] No frame will be written any more. If none was, the file is let go of at once.
    void give_up();

    /// Writes until the queue is closed or abandoned. Then the outcome; if it was closed, the file is complete.
    jackfield::Status run(std::string& text);

private:
    struct FreeMuxer {
        void operator()(AVFormatContext* muxer) const { avformat_free_context(muxer); }
    };

    void consume(FrameQueue::Slot* slot);
    void see(const FrameQueue::Slot& slot);
    bool may_begin() const;
    void begin(const OpenSink& what);
    void add_tracks(const OpenSink& what);
    void write(const FrameQueue::Slot& slot);
    void write_out();
    void write_header();
    void complete();
    void attempt(const std::function<void()>& step);

    jackfield::Host host_;
    std::mutex output_mutex_; // guards the pointer until the first frame is written, and when it goes
    std::unique_ptr<Output> output_;
    FileKind kind_;
    OpenSink what_;
    RecordOptions options_;
    FrameQueue queue_;
    std::unique_ptr<AVFormatContext, FreeMuxer> muxer_;
    std::optional<SoundTrack> sound_[2]; // by Side; mixed they are the first
    std::optional<PictureTrack> pictures_[2];
    bool mixed_ = false;
    std::deque<FrameQueue::Slot*> held_; // until every kind that will come has come; in the order of arrival
    std::size_t held_bytes_ = 0;
    OpenSink seen_{false, false, false, false};
    PictureSize sizes_[2] = {{1280, 720}, {1280, 720}}; // as large as the first of a side, once there is one
    std::int64_t first_ns_ = 0;
    std::int64_t last_ns_ = 0;
    bool begun_ = false;
    jackfield::Status status_ = JF_OK; // of the first failure; nothing is written after it
    std::string problem_;
};

} // namespace media_ffmpeg
