// Pictures of a camera or a screen in a call.
//
// Threads:  methods on control; the device is opened, read and closed on a thread of ours, which hands the pictures on.
// Lifetime: the kernel's. Nothing is opened before start; a device that goes away in a call is looked for again every
//           second, and the call goes on without pictures meanwhile. The destructor joins the thread: for a picture of
//           a screen at most, or for a camera to open.
#pragma once

#include "capture.hpp"

#include <jackfield/media_source.hpp>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace media_capture {

class Session final : public jackfield::SourceSession {
public:
    Session(jackfield::Host host, Wanted wanted, jf_source_info info, jackfield::SourceListener listener);
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session() override;

    jf_source_info describe() override { return info_; }
    void start(const jf_source_format& format) override;

private:
    void run(const jf_source_format& format);
    void read(Capture& capture, const jf_source_format& format);
    void say_once(const std::string& words);
    bool wait(std::chrono::milliseconds most);
    bool stopped();

    jackfield::Host host_;
    Wanted wanted_;
    jf_source_info info_;
    jackfield::SourceListener listener_;
    std::string said_;

    std::mutex mutex_; // guards the next
    std::condition_variable changed_;
    bool stop_ = false;
    std::thread thread_;
};

} // namespace media_capture
