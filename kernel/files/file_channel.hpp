// The channel of one file: frames out, frames in.
//
// Threads:  made and destroyed on control; say and send_data on any thread; events on the path's own.
// Lifetime: destroyed before the channel of the multiplexer whose path it uses, after whoever sends on it. No event
//           comes once it is destroyed.

#pragma once

#include "kernel/bind/text.hpp"
#include "kernel/files/file_frames.hpp"

#include <jackfield/abi/path.h>

#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>

namespace jackfield::kernel {

class FileChannel {
public:
    struct Events {
        std::function<void(std::span<const std::uint8_t>)> data;
        std::function<void(FileFrame, std::string_view)> words;
        std::function<void()> writable;    // data that would have blocked may go on
        std::function<void(Error)> closed; // last event: the channel ended, or what came on it made no sense
    };

    /// Events may come before this returns. Throws Failure.
    FileChannel(jf_path path, Events events);
    FileChannel(const FileChannel&) = delete;
    FileChannel& operator=(const FileChannel&) = delete;
    ~FileChannel();

    /// Goes out before any data that is sent later. Few and small.
    void say(FileFrame kind, std::string words);

    /// How much is written; what was said before and has not gone out yet is forgotten.
    void say_written(std::uint64_t offset);

    /// JF_WOULD_BLOCK: nothing was taken, `writable` follows.
    jf_status send_data(std::span<const std::uint8_t> bytes);

private:
    static const jf_path_receiver_methods kReceiver;
    void received(std::span<const std::uint8_t> bytes);
    void closed(Error error);
    void flush(); // with mutex_ held
    jf_status send(FileFrame kind, std::span<const std::uint8_t> payload);

    jf_path path_;
    Events events_;
    FileFrameReader reader_;
    bool over_ = false; // on the path's thread
    std::mutex mutex_;
    std::deque<std::pair<FileFrame, std::string>> waiting_; // guarded by mutex_
    std::optional<std::uint64_t> written_;                  // guarded by mutex_
};

} // namespace jackfield::kernel
