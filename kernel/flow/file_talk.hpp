// Both ends' talk about one file over its channel: words come to the flow, bytes go past it.
//
// Threads:  [control]; `data` and `written` on the path's thread.
// Lifetime: belongs to the flow; destroyed before the channel's path, after the worker that sends on it.

#pragma once

#include "kernel/executor/control_thread.hpp"
#include "kernel/files/file_channel.hpp"
#include "kernel/flow/file_transfer.hpp"

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace jackfield::kernel {

class FileTalk {
public:
    struct Bytes {
        std::function<bool(std::span<const std::uint8_t>)> data; // false: nobody expects it
        std::function<void(std::uint64_t)> written;
        std::function<void()> writable;
    };

    /// Rings the transfer's bell for whatever comes. Throws Failure.
    FileTalk(ControlThread& control, jf_path path, std::shared_ptr<FileTransfer> transfer, Bytes bytes);
    FileTalk(const FileTalk&) = delete;
    FileTalk& operator=(const FileTalk&) = delete;

    FileChannel& channel() { return *channel_; }

    /// The next word that has come.
    std::optional<std::pair<FileFrame, std::string>> next_word();

    /// A word has come, or the channel ended: next_word has it, or closed does.
    bool heard() const { return !heard_->words.empty() || heard_->closed; }
    const std::optional<Error>& closed() const { return heard_->closed; }

private:
    struct Heard {
        std::deque<std::pair<FileFrame, std::string>> words;
        std::optional<Error> closed;
    };

    void post(std::function<void(Heard&)> note);

    ControlThread& control_;
    std::shared_ptr<FileTransfer> transfer_;
    Bytes bytes_;
    std::shared_ptr<Heard> heard_; // second owner: what is posted, weakly
    bool nonsense_ = false;        // on the path's thread
    std::unique_ptr<FileChannel> channel_;
};

} // namespace jackfield::kernel
