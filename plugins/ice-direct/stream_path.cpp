// See stream_path.hpp.
#include "stream_path.hpp"

#include <asio/post.hpp>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace jackfield::direct {

namespace {

constexpr int kReadsInARow = 8; // then other sockets of the thread have their turn

/// How many of the bytes the socket takes now. Empty if it is broken.
std::optional<std::size_t> write_some(int socket, std::span<const jf_bytes> parts)
{
    std::array<iovec, 16> vectors;
    std::size_t count = 0;
    for (const auto& part : parts.first(std::min(parts.size(), vectors.size())))
        vectors[count++] = {const_cast<std::uint8_t*>(part.data), part.size};
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = count;
    const ssize_t written = sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (written < 0 && errno != EAGAIN && errno != EINTR)
        return std::nullopt;
    return static_cast<std::size_t>(std::max<ssize_t>(written, 0));
}

} // namespace

StreamPath::StreamPath(asio::io_context& context, Host host, Lost lost)
    : host_(host),
      context_(context),
      lost_(std::move(lost)),
      socket_(context),
      limit_(context),
      buffer_(JF_STREAM_SEND_MAX),
      ring_(kStreamQueueBytes)
{}

jf_path_info StreamPath::describe() const noexcept
{
    const std::uint32_t overhead = 20 + (ipv6_ ? 40 : 20); // TCP and IP header, counted once per send
    return {sizeof(jf_path_info), JF_STREAM, JF_STREAM_SEND_MAX, overhead, 1, 0};
}

void StreamPath::take(tcp::socket socket)
{
    socket_ = std::move(socket);
    asio::error_code failed;
    ipv6_ = socket_.local_endpoint(failed).address().is_v6();
    const std::lock_guard lock(mutex_);
    native_ = socket_.native_handle();
}

void StreamPath::open(jf_path_receiver receiver)
{
    gate_.open(receiver);
    asio::post(context_, [self = shared_from_this()] { self->wait_to_read(); });
}

void StreamPath::wait_to_read()
{
    socket_.async_wait(tcp::socket::wait_read, [self = shared_from_this()](asio::error_code failed) {
        if (!failed && self->socket_.is_open() && !self->gate_.over())
            self->read();
    });
}

void StreamPath::read()
{
    for (int i = 0; i < kReadsInARow && !gate_.over(); ++i) {
        const ssize_t size = recv(native_, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
        if (size > 0)
            gate_.deliver(make_packet({buffer_.data(), static_cast<std::size_t>(size)}, host_.now_ns()));
        else if (size == 0)
            return ended(JF_CLOSED, "the peer has ended the connection");
        else if (errno == EAGAIN || errno == EINTR)
            break;
        else
            return ended(JF_UNREACHABLE, std::string("the connection is lost: ") + std::strerror(errno));
    }
    if (!gate_.over())
        wait_to_read();
}

Status StreamPath::send(std::span<const jf_bytes> parts) noexcept
{
    const std::size_t size = total_size(parts);
    if (size > JF_STREAM_SEND_MAX)
        return JF_BAD_INPUT;
    const std::lock_guard lock(mutex_);
    if (over_ || native_ < 0)
        return JF_CLOSED;
    if (ring_.free() < size) {
        blocked_ = true;
        return JF_WOULD_BLOCK;
    }
    // If it is broken, writing from the ring finds out, on the thread that may say so.
    std::size_t done = ring_.size() == 0 && size != 0 ? write_some(native_, parts).value_or(0) : 0;
    for (const auto& part : parts) {
        const std::size_t skipped = std::min(done, part.size);
        done -= skipped;
        ring_.write(view(part).subspan(skipped));
    }
    if (ring_.size() != 0 && !std::exchange(writing_, true))
        asio::post(context_, [self = shared_from_this()] { self->wait_to_write(); });
    return JF_OK;
}

void StreamPath::wait_to_write()
{
    socket_.async_wait(tcp::socket::wait_write, [self = shared_from_this()](asio::error_code failed) {
        if (!failed)
            self->write();
    });
}

void StreamPath::write()
{
    if (!socket_.is_open())
        return;
    bool owed = false;
    bool more = false;
    bool broken = false;
    {
        const std::lock_guard lock(mutex_);
        bool full = false;
        while (ring_.size() != 0 && !full && !broken) {
            const jf_bytes piece = to_bytes(ring_.front(JF_STREAM_SEND_MAX));
            const auto written = write_some(native_, {&piece, 1});
            broken = !written;
            full = written && *written < piece.size;
            ring_.drop(written.value_or(piece.size)); // what is left has nowhere to go
        }
        more = ring_.size() != 0 && !broken;
        writing_ = more;
        // Every send fits again: no refused sender has to come a second time.
        if (blocked_ && ring_.free() >= JF_STREAM_SEND_MAX)
            owed = std::exchange(blocked_, false);
    }
    if (broken && !leaving_)
        return ended(JF_UNREACHABLE, "the connection is lost");
    if (owed)
        gate_.writable();
    if (more)
        wait_to_write();
    else if (leaving_)
        hang_up();
}

void StreamPath::ended(Status status, const std::string& text)
{
    {
        const std::lock_guard lock(mutex_);
        if (std::exchange(over_, true))
            return;
    }
    gate_.ended(status, text);
    lost_(status, text);
}

void StreamPath::close() noexcept
{
    {
        const std::lock_guard lock(mutex_);
        over_ = true;
    }
    gate_.shut();
    asio::post(context_, [self = shared_from_this()] { self->farewell(); });
}

/// What was taken still goes out, then the end of the stream.
void StreamPath::farewell()
{
    if (!socket_.is_open() || std::exchange(leaving_, true))
        return;
    asio::error_code ignored;
    socket_.cancel(ignored); // reading; writing starts anew
    bool more = false;
    {
        const std::lock_guard lock(mutex_);
        more = ring_.size() != 0;
    }
    if (!more)
        return hang_up();
    limit_.expires_after(kFarewell);
    limit_.async_wait([self = shared_from_this()](asio::error_code cancelled) {
        if (!cancelled)
            self->hang_up();
    });
    wait_to_write();
}

void StreamPath::hang_up()
{
    asio::error_code ignored;
    limit_.cancel();
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    socket_.close(ignored);
}

} // namespace jackfield::direct
