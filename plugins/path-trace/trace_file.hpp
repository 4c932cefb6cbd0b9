// The file, and the thread that writes it.
//
// Threads:  interface and packet on any thread, they copy into a buffer of a fixed size; the disk is the thread's.
// Lifetime: the plugin instance's. Destroying it writes what is left.
#pragma once

#include "pcapng.hpp"

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace path_trace {

class TraceFile {
public:
    /// Adds a section to the file; a new one is readable by its owner alone. Throws ConfigError if it cannot be opened.
    TraceFile(const std::string& name, std::size_t buffer_bytes);
    TraceFile(const TraceFile&) = delete;
    TraceFile& operator=(const TraceFile&) = delete;
    ~TraceFile();

    /// Its number, for packets.
    std::uint32_t interface(std::string_view name, std::string_view description);

    /// Left out and counted if the buffer has no room.
    void packet(std::uint32_t interface, std::int64_t unix_ns, pcapng::Direction direction,
                std::span<const std::uint8_t> head, std::span<const std::uint8_t> body);

    std::uint64_t left_out() const;

    /// Why nothing is written any more; 0: it is.
    int error_number() const;

private:
    void run();

    int file_;
    std::size_t limit_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    pcapng::Buffer filling_;
    std::uint32_t interfaces_ = 0;
    std::uint64_t left_out_ = 0;
    int error_number_ = 0;
    bool stop_ = false;
    std::thread thread_; // last: it uses all the above
};

} // namespace path_trace
