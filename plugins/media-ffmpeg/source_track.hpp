// One kind of media on its way out of a file, paced in real time, on a thread of its own.
//
// Threads:  made and destroyed on control; delivers on its own thread, which the destructor joins.
// Lifetime: the session's. The listener outlives it.
#pragma once

#include "file_reader.hpp"

#include <jackfield/host.hpp>
#include <jackfield/media_source.hpp>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace media_ffmpeg {

struct Pace {
    bool realtime = true;
    bool loop = false;
    std::int64_t start_ns = 0; // host clock: when the beginning of the file is due
};

class SourceTrack {
public:
    using Ended = std::function<void(jackfield::Status, std::string)>; // on the track's thread, once

    SourceTrack(jackfield::Host host, std::string name, const jf_source_format& format, Pace pace,
                jackfield::SourceListener listener, Ended ended);
    SourceTrack(const SourceTrack&) = delete;
    SourceTrack& operator=(const SourceTrack&) = delete;
    ~SourceTrack();

private:
    void run();
    bool play_once(std::int64_t& offset_ns);
    bool wait_until(std::int64_t due_ns);
    void deliver(const AVFrame& frame, std::int64_t time_ns);

    jackfield::Host host_;
    std::string name_;
    jf_source_format format_;
    Pace pace_;
    jackfield::SourceListener listener_;
    Ended ended_;
    std::atomic<bool> stop_{false};
    std::mutex mutex_;
    std::condition_variable stopped_;
    std::unique_ptr<FileReader> first_; // opened on control, so that start can fail
    std::thread thread_;
};

} // namespace media_ffmpeg
