// The file, and the thread that writes it. See trace_file.hpp.

#include "trace_file.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace path_trace {

namespace {

constexpr std::size_t kBatchBytes = 16'384; // the disk is not woken for less, unless nothing more comes
constexpr std::chrono::milliseconds kBatchTime{200};

/// 0, or errno.
int write_all(int file, const pcapng::Buffer& buffer)
{
    for (std::size_t done = 0; done < buffer.size();) {
        const ssize_t wrote = ::write(file, buffer.data() + done, buffer.size() - done);
        if (wrote < 0 && errno != EINTR)
            return errno;
        done += wrote > 0 ? static_cast<std::size_t>(wrote) : 0;
    }
    return 0;
}

} // namespace

TraceFile::TraceFile(const std::string& name, std::size_t buffer_bytes)
    : file_(::open(name.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)), limit_(buffer_bytes)
{
    if (file_ < 0)
        throw jackfield::ConfigError("/file: \"" + name + "\" cannot be written: " + std::strerror(errno) +
                                     "; a file in a folder of ours would work");
    filling_.reserve(limit_);
    pcapng::section(filling_, "jackfield path-trace");
    thread_ = std::thread([this] { run(); });
}

TraceFile::~TraceFile()
{
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    changed_.notify_all();
    thread_.join();
    ::close(file_);
}

std::uint32_t TraceFile::interface(std::string_view name, std::string_view description)
{
    const std::lock_guard lock(mutex_);
    pcapng::interface(filling_, name, description); // small, and never left out: packets refer to it
    return interfaces_++;
}

void TraceFile::packet(std::uint32_t interface, std::int64_t unix_ns, pcapng::Direction direction,
                       std::span<const std::uint8_t> head, std::span<const std::uint8_t> body)
{
    bool wake = false;
    {
        const std::lock_guard lock(mutex_);
        if (filling_.size() + pcapng::packet_bytes(head.size() + body.size()) > limit_) {
            ++left_out_;
            return;
        }
        wake = filling_.size() < kBatchBytes;
        pcapng::packet(filling_, interface, unix_ns, direction, head, body);
        wake = wake && filling_.size() >= kBatchBytes;
    }
    if (wake)
        changed_.notify_one();
}

std::uint64_t TraceFile::left_out() const
{
    const std::lock_guard lock(mutex_);
    return left_out_;
}

int TraceFile::error_number() const
{
    const std::lock_guard lock(mutex_);
    return error_number_;
}

void TraceFile::run()
{
    pthread_setname_np(pthread_self(), "jf-trace");
    pcapng::Buffer writing;
    writing.reserve(limit_);
    std::unique_lock lock(mutex_);
    for (bool last = false; !last;) {
        changed_.wait_for(lock, kBatchTime, [this] { return stop_ || filling_.size() >= kBatchBytes; });
        last = stop_;
        std::swap(filling_, writing);
        const bool broken = error_number_ != 0;
        lock.unlock();
        const int error = broken ? 0 : write_all(file_, writing);
        writing.clear();
        lock.lock();
        if (error != 0)
            error_number_ = error;
    }
}

} // namespace path_trace
