// The sending end of a file: reads, hashes and sends, as fast as the receiver writes.
//
// Threads:  run on a worker, the others on any thread.
// Lifetime: shared by the flow and the worker; file and channel outlive run.

#pragma once

#include "kernel/files/file_channel.hpp"
#include "kernel/files/file_id.hpp"
#include "kernel/files/sha256.hpp"

#include <condition_variable>
#include <mutex>

namespace jackfield::kernel {

class FileReader {
public:
    explicit FileReader(const OpenFile& file) : file_(file) {}
    FileReader(const FileReader&) = delete;
    FileReader& operator=(const FileReader&) = delete;

    /// From `offset` to the end, which is said with the hash of all of it; or until stop.
    void run(std::uint64_t offset, FileChannel& out);

    /// Why run returned: JF_OK when the end was said, JF_BAD_INPUT if the file has changed meanwhile, JF_CANCELLED.
    const Error& outcome() const { return outcome_; } // after run

    void written(std::uint64_t offset); // by the receiver
    void writable();
    void stop();

private:
    Error hash_until(std::uint64_t offset);
    Error send_from(std::uint64_t offset, FileChannel& out);
    std::expected<std::size_t, Error> read(std::uint64_t at, std::size_t most);
    bool push(std::span<const std::uint8_t> bytes, std::uint64_t end, FileChannel& out);

    const OpenFile& file_;
    Sha256 hash_;
    std::vector<std::uint8_t> buffer_;
    Error outcome_{JF_CANCELLED, "stopped"};
    std::mutex mutex_;
    std::condition_variable changed_;
    std::uint64_t written_ = 0; // these are guarded by mutex_
    bool writable_ = false;
    bool stopped_ = false;
};

} // namespace jackfield::kernel
