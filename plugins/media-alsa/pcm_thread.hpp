// The thread that serves a device: it waits for its descriptors, moves what it can, recovers from overruns, and looks
// for the device again, or the default one, if it goes away.
//
// Threads:  run on its own; the constructor and stop on control.
// Lifetime: a session's; stop before anything that move uses goes.
#pragma once

#include "pcm.hpp"

#include <jackfield/host.hpp>

#include <poll.h>

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace media_alsa {

class PcmThread {
public:
    /// What is done with a device that can take or give something. [the thread]
    struct Work {
        /// So many samples of each channel are there or have room; says how many were moved, or ALSA's error.
        std::function<snd_pcm_sframes_t(snd_pcm_t& pcm, snd_pcm_uframes_t count)> move;
        std::function<void()> interrupted; // the device is another, or none
    };

    PcmThread(jackfield::Host host, std::string device, Direction direction, Form form, Work work);
    PcmThread(const PcmThread&) = delete;
    PcmThread& operator=(const PcmThread&) = delete;
    ~PcmThread() { stop(); }

    void stop();

    /// How often the card had nothing left, or no room.
    std::uint64_t overruns() const { return overruns_.load(std::memory_order_relaxed); }

private:
    void run();
    bool open(const std::string& device);
    void serve();
    bool wait_for_device();
    int serve_once();
    bool pause(std::int64_t until_ns);
    bool recover(int error);
    void say(std::int32_t level, const std::string& words);

    jackfield::Host host_;
    std::string device_;
    Direction direction_;
    Form form_;
    Work work_;
    int stop_event_;
    Pcm pcm_;
    std::vector<pollfd> descriptors_;
    std::int64_t begun_ns_ = 0;
    std::uint64_t moved_ = 0; // samples of a channel since then
    std::string said_;
    std::atomic<std::uint64_t> overruns_{0};
    std::thread thread_;
};

} // namespace media_alsa
