// The channel of one file. See file_channel.hpp.

#include "kernel/files/file_channel.hpp"

#include <array>

namespace jackfield::kernel {

namespace {

std::span<const std::uint8_t> bytes_of(std::string_view text)
{
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

} // namespace

const jf_path_receiver_methods FileChannel::kReceiver{
    sizeof(jf_path_receiver_methods), 0,
    [](void* self, const jf_packet* packet) {
        static_cast<FileChannel*>(self)->received({packet->bytes.data, packet->bytes.size});
    },
    [](void* self) {
        auto& channel = *static_cast<FileChannel*>(self);
        std::unique_lock lock(channel.mutex_);
        channel.flush();
        const bool ready = channel.waiting_.empty() && !channel.written_;
        lock.unlock();
        if (ready)
            channel.events_.writable();
    },
    [](void* self, jf_status status, const jf_error* error) {
        static_cast<FileChannel*>(self)->closed(error_of(status, error));
    }};

FileChannel::FileChannel(jf_path path, Events events)
    : path_(path),
      events_(std::move(events)),
      reader_({[this](std::span<const std::uint8_t> bytes) { events_.data(bytes); },
               [this](FileFrame kind, std::string_view words) { events_.words(kind, words); }})
{
    ErrorSlot error;
    require(path_.methods->open(path_.self, {&kReceiver, this}, &error), error, "the channel of a file");
}

FileChannel::~FileChannel()
{
    path_.methods->close(path_.self);
}

void FileChannel::received(std::span<const std::uint8_t> bytes)
{
    if (!over_ && !reader_.feed(bytes))
        closed({JF_BAD_INPUT, "what came on the channel of a file makes no sense"});
}

void FileChannel::closed(Error error)
{
    if (!std::exchange(over_, true))
        events_.closed(std::move(error));
}

void FileChannel::say(FileFrame kind, std::string words)
{
    const std::lock_guard lock(mutex_);
    waiting_.emplace_back(kind, std::move(words));
    flush();
}

void FileChannel::say_written(std::uint64_t offset)
{
    const std::lock_guard lock(mutex_);
    written_ = offset;
    flush();
}

/// The lock is held while the path sends: words stay in their order.
void FileChannel::flush()
{
    if (written_) {
        std::array<std::uint8_t, 8> number{};
        for (std::size_t i = 0; i < number.size(); ++i)
            number[i] = static_cast<std::uint8_t>(*written_ >> (8 * (7 - i)));
        if (send(FileFrame::written, number) == JF_WOULD_BLOCK)
            return;
        written_.reset();
    }
    while (!waiting_.empty()) {
        if (send(waiting_.front().first, bytes_of(waiting_.front().second)) == JF_WOULD_BLOCK)
            return;
        waiting_.pop_front();
    }
}

jf_status FileChannel::send_data(std::span<const std::uint8_t> bytes)
{
    const std::lock_guard lock(mutex_);
    if (!waiting_.empty() || written_)
        return JF_WOULD_BLOCK; // writable comes to the words first
    return send(FileFrame::data, bytes);
}

jf_status FileChannel::send(FileFrame kind, std::span<const std::uint8_t> payload)
{
    const auto header = file_frame_header(kind, payload.size());
    const std::array<jf_bytes, 2> parts{jf_bytes{header.data(), header.size()},
                                        jf_bytes{payload.data(), payload.size()}};
    return path_.methods->send(path_.self, parts.data(), payload.empty() ? 1 : 2);
}

} // namespace jackfield::kernel
