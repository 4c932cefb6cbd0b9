// The receiving end of a file: takes what comes from the path's thread to the disk, on a worker.
//
// Threads:  run on a worker, data and end on the path's thread, the others on any.
// Lifetime: shared by the flow, the worker and the channel's events; the channel outlives run.

#pragma once

#include "kernel/files/download_folder.hpp"
#include "kernel/files/file_channel.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

namespace jackfield::kernel {

class FileWriter {
public:
    /// `changed` is called on the worker when progress or outcome has changed, not for every write.
    FileWriter(DownloadSettings settings, std::string account, FileOffer offer, std::uint64_t promised,
               std::function<void()> changed);
    FileWriter(const FileWriter&) = delete;
    FileWriter& operator=(const FileWriter&) = delete;

    /// Opens the file, answers, writes what comes until the end, says done or why not; or until stop.
    void run(FileChannel& out);

    /// False if the sender does not wait for us, who says it is to. Nothing of that is kept.
    bool data(std::span<const std::uint8_t> bytes);
    void end(std::string sha256);
    void stop(Error why);

    /// How much is there.
    std::uint64_t offset() const { return offset_.load(std::memory_order_relaxed); }

    /// After run.
    struct Outcome {
        Error error{JF_CANCELLED, "stopped"}; // status JF_OK: all of it is there
        std::filesystem::path place;          // empty if it had been received earlier
    };
    const Outcome& outcome() const { return outcome_; }

private:
    struct Task {
        std::vector<std::uint8_t> bytes; // none: the end
        std::string sha256;
    };

    void receive(Download& download, FileChannel& out);
    std::optional<Task> next();
    bool worth_a_turn() const; // with mutex_ held
    void wrote(std::uint64_t offset, FileChannel& out, bool caught_up);

    DownloadSettings settings_;
    std::string account_;
    FileOffer offer_;
    std::uint64_t promised_;
    std::function<void()> changed_;
    Outcome outcome_;
    std::atomic<std::uint64_t> offset_{0};
    std::uint64_t said_ = 0; // of the offset, to the sender; worker
    std::chrono::steady_clock::time_point said_at_{};
    std::chrono::steady_clock::time_point told_{}; // of `changed`; worker
    std::mutex mutex_;
    std::condition_variable arrived_;
    std::deque<Task> tasks_; // these are guarded by mutex_
    std::uint64_t queued_bytes_ = 0;
    std::vector<std::vector<std::uint8_t>> spare_;
    std::chrono::steady_clock::time_point taken_{}; // by the worker, the last time
    bool hurry_ = false;                            // what waits came long after that
    std::optional<Error> stopped_;
};

} // namespace jackfield::kernel
