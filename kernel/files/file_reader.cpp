// The sending end of a file. See file_reader.hpp.

#include "kernel/files/file_reader.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

namespace jackfield::kernel {

void FileReader::run(std::uint64_t offset, FileChannel& out)
{
    buffer_.resize(kFileDataBytes);
    outcome_ = hash_until(offset);
    if (outcome_.status == JF_OK)
        outcome_ = send_from(offset, out);
    if (outcome_.status != JF_OK)
        return;
    if (!file_.unchanged())
        outcome_ = {JF_BAD_INPUT, fmt::format("{} has changed while it was being sent", file_.name)};
    else
        out.say(FileFrame::end, file_end(hash_.hex()));
}

/// What the receiver has: it is part of what will be compared.
Error FileReader::hash_until(std::uint64_t offset)
{
    for (std::uint64_t at = 0; at < offset;) {
        const auto got = read(at, static_cast<std::size_t>(std::min<std::uint64_t>(kFileDataBytes, offset - at)));
        if (!got)
            return got.error();
        at += *got;
        const std::lock_guard lock(mutex_);
        if (stopped_)
            return {JF_CANCELLED, "stopped"};
    }
    const std::lock_guard lock(mutex_);
    written_ = std::max(written_, offset);
    return {JF_OK, ""};
}

Error FileReader::send_from(std::uint64_t offset, FileChannel& out)
{
    for (std::uint64_t at = offset; at < file_.size;) {
        const auto got = read(at, static_cast<std::size_t>(std::min<std::uint64_t>(kFileDataBytes, file_.size - at)));
        if (!got)
            return got.error();
        if (!push(std::span(buffer_).first(*got), at + *got, out))
            return {JF_CANCELLED, "stopped"};
        at += *got;
    }
    return {JF_OK, ""};
}

/// Into the buffer, and the hash.
std::expected<std::size_t, Error> FileReader::read(std::uint64_t at, std::size_t most)
{
    ssize_t got = 0;
    do {
        got = ::pread(file_.descriptor.get(), buffer_.data(), most, static_cast<off_t>(at));
    } while (got < 0 && errno == EINTR);
    if (got < 0)
        return std::unexpected(
            Error{JF_INTERNAL, fmt::format("{} cannot be read further: {}", file_.name, std::strerror(errno))});
    if (got == 0)
        return std::unexpected(
            Error{JF_BAD_INPUT, fmt::format("{} has become shorter while it was being sent", file_.name)});
    hash_.update(std::span(buffer_).first(static_cast<std::size_t>(got)));
    return static_cast<std::size_t>(got);
}

/// False when stopped.
bool FileReader::push(std::span<const std::uint8_t> bytes, std::uint64_t end, FileChannel& out)
{
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [&] { return stopped_ || end <= written_ + kFileWindowBytes; });
        if (stopped_)
            return false;
        writable_ = false;
        lock.unlock();
        const jf_status status = out.send_data(bytes);
        lock.lock();
        if (status == JF_OK)
            return true;
        if (status != JF_WOULD_BLOCK)
            return false; // the channel tells the flow why
        changed_.wait(lock, [&] { return stopped_ || writable_; });
    }
}

void FileReader::written(std::uint64_t offset)
{
    const std::lock_guard lock(mutex_);
    written_ = std::max(written_, std::min(offset, file_.size));
    changed_.notify_one();
}

void FileReader::writable()
{
    const std::lock_guard lock(mutex_);
    writable_ = true;
    changed_.notify_one();
}

void FileReader::stop()
{
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    changed_.notify_one();
}

} // namespace jackfield::kernel
