// One kind of media on its way out of a source, paced in real time, on a thread of its own.
//
//   made: the thread opens what it reads -> start: frames come -> the end -> stop
//
// Threads:  made, started and stopped on control; delivers on its own thread.
// Lifetime: shared by the session and the thread. After stop the thread, should it hang in a disk, touches nothing but
//           this object and the host's clock.
#pragma once

#include "frame_reader.hpp"
#include "worker.hpp"

#include <jackfield/host.hpp>
#include <jackfield/media_source.hpp>
#include <jackfield/source_clock.hpp>

#include <condition_variable>
#include <functional>
#include <mutex>

namespace media_ffmpeg {

class SourceTrack : public std::enable_shared_from_this<SourceTrack> {
public:
    struct Plan {
        std::uint32_t kind = JF_AUDIO;
        bool realtime = true;
        bool loop = false;
        std::int64_t period_ns = 0; // a round of the loop; 0: as long as the track is
    };
    using MakeReader = std::function<std::unique_ptr<FrameReader>(StopFlag)>; // on the track's thread
    using Ended = std::function<void(jackfield::Status, std::string)>;        // on the track's thread, once

    SourceTrack(jackfield::Host host, Plan plan, std::shared_ptr<jackfield::SourceClock> clock,
                jackfield::SourceListener listener, Ended ended);
    SourceTrack(const SourceTrack&) = delete;
    SourceTrack& operator=(const SourceTrack&) = delete;

    /// Opens the reader on the new thread, so that the first frame is near when it is asked for.
    Worker prepare(MakeReader make_reader);

    void start(const jf_source_format& format);
    bool started() const { return started_; }

    /// No frame comes, and nothing of the end is told, after this returned.
    void stop();

private:
    void run(const MakeReader& make_reader);
    bool wait_for_start();
    void play(FrameReader& reader);
    bool play_round(FrameReader& reader, std::int64_t offset_ns, std::int64_t& length_ns);
    void deliver(const AVFrame& source, std::int64_t time_ns);

    Plan plan_;
    std::shared_ptr<jackfield::SourceClock> clock_; // the session's and its other track's
    jackfield::SourcePace pace_;
    jackfield::SourceListener listener_;
    Ended ended_;
    bool started_ = false; // [control]

    std::mutex deliver_; // held while the listener is called; stop takes it
    std::atomic<bool> stop_{false};
    std::mutex mutex_;
    std::condition_variable changed_;
    jf_source_format format_{}; // its struct_size is 0 until start
};

} // namespace media_ffmpeg
