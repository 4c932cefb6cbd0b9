// One file on its way between us and a peer, as its flow and the program both see it.
//
// Threads:  [control], but what is marked.
// Lifetime: shared by the flow (until it ends) and the program.

#pragma once

#include "kernel/bind/bell.hpp"
#include "kernel/error.hpp"
#include "kernel/executor/step_clock.hpp"
#include "kernel/timeline/timeline.hpp"

#include <nlohmann/json_fwd.hpp>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace jackfield::kernel {

/// How it ended.
struct FileEnd {
    Error error{JF_OK, ""};      // status JF_OK: all of it is there, and is what was sent
    Step step = Step::file;      // where it ended
    std::filesystem::path place; // of one that came in; empty if it had been received earlier
    bool was_there = false;      // nothing had to be sent
};

class FileTransfer;

/// What a program wants to hear of a file. [control] Must not block.
class FileListener {
public:
    virtual ~FileListener() = default;

    /// At most every 100 ms, and once when it is agreed where it begins.
    virtual void progress(FileTransfer&) {}
    virtual void ended(FileTransfer&, const FileEnd&) {}
};

class FileTransfer : public std::enable_shared_from_this<FileTransfer> {
public:
    FileTransfer(Timeline& timeline, Side side, std::string peer, std::filesystem::path file_to_send,
                 std::shared_ptr<FileListener> events);
    FileTransfer(const FileTransfer&) = delete;
    FileTransfer& operator=(const FileTransfer&) = delete;

    const std::string id; // 16 hex digits, in every event of the timeline
    const Side side;      // caller: we send
    const std::string peer_account;
    const std::filesystem::path file; // that we send
    std::string name;                 // as the sender says, made safe to be shown and kept
    std::uint64_t size = 0;
    std::shared_ptr<FileListener> listener; // second owner: the program
    Bell bell;

    /// [any] How much of it the receiver has written.
    std::uint64_t transferred() const { return transferred_.load(std::memory_order_relaxed); }
    void set_transferred(std::uint64_t bytes) { transferred_.store(bytes, std::memory_order_relaxed); }

    /// One that comes in, in NodeListener::incoming_file: somebody has to be asked first. It is refused if it is
    /// neither accepted nor cancelled within limits::kFileDecision.
    void ask() { undecided_ = true; }
    void accept();
    bool undecided() const { return undecided_; }

    /// The program's decision; the flow looks at it. What has been received is kept, and goes on if it is sent again.
    void cancel();
    bool cancelled() const { return cancelled_; }

    /// Tells listener and timeline how far it is, not too often for whoever looks.
    void report_progress();

    void tell(Moment moment, const nlohmann::json& detail);

private:
    Timeline& timeline_;
    std::atomic<std::uint64_t> transferred_{0};
    bool cancelled_ = false;
    bool undecided_ = false;
    TimePoint reported_{}; // to the listener
    TimePoint told_{};     // to the timeline
};

} // namespace jackfield::kernel
