// See datagram_path.hpp.
#include "datagram_path.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace jackfield::direct {

namespace {

constexpr std::size_t kMostParts = 16;

/// One datagram of those parts. The system's answer, errno included.
ssize_t send_message(int socket, const udp::endpoint& remote, std::span<const jf_bytes> parts)
{
    std::array<iovec, kMostParts> vectors;
    std::array<std::uint8_t, kMaxDatagramBytes> copy;
    std::size_t count = 0;
    if (parts.size() <= vectors.size()) {
        for (const auto& part : parts)
            vectors[count++] = {const_cast<std::uint8_t*>(part.data), part.size};
    } else {
        std::size_t size = 0;
        for (const auto& part : parts) {
            std::copy_n(part.data, part.size, copy.data() + size);
            size += part.size;
        }
        vectors[count++] = {copy.data(), size};
    }
    msghdr message{};
    message.msg_name = const_cast<sockaddr*>(remote.data());
    message.msg_namelen = static_cast<socklen_t>(remote.size());
    message.msg_iov = vectors.data();
    message.msg_iovlen = count;
    return sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

} // namespace

jf_path_info DatagramPath::describe() const noexcept
{
    const std::uint32_t overhead = 8 + (ipv6_ ? 40 : 20);
    return {sizeof(jf_path_info), JF_DATAGRAM, kMaxDatagramBytes, overhead, 0, 0};
}

Status DatagramPath::send(std::span<const jf_bytes> parts) noexcept
{
    const std::size_t size = total_size(parts);
    if (size == 0 || size > kMaxDatagramBytes)
        return JF_BAD_INPUT;
    std::shared_ptr<const Watch> watch;
    {
        const std::lock_guard lock(mutex_);
        if (over_ || generation_ == 0)
            return JF_CLOSED;
        if (nowhere_)
            return JF_OK;
        if (socket_ < 0)
            return JF_UNREACHABLE; // lost; a restart may bring it back
        if (send_message(socket_, remote_, parts) >= 0 || (errno != EAGAIN && errno != ENOBUFS))
            return JF_OK; // an unreachable host is a lost datagram
        if (std::exchange(blocked_, true))
            return JF_WOULD_BLOCK;
        watch = watch_;
    }
    (*watch)();
    return JF_WOULD_BLOCK;
}

void DatagramPath::take(unsigned generation, int socket, const udp::endpoint& remote, Watch watch)
{
    auto shared = std::make_shared<const Watch>(std::move(watch));
    const std::lock_guard lock(mutex_);
    if (generation < generation_)
        return;
    generation_ = generation;
    watch_ = std::move(shared);
    socket_ = socket;
    remote_ = remote;
    ipv6_ = remote.address().is_v6();
    nowhere_ = false;
}

void DatagramPath::take_nowhere()
{
    const std::lock_guard lock(mutex_);
    generation_ = 1; // there is no restart
    nowhere_ = true;
}

void DatagramPath::lost(unsigned generation)
{
    const std::lock_guard lock(mutex_);
    if (generation == generation_)
        socket_ = -1;
}

void DatagramPath::writable()
{
    {
        const std::lock_guard lock(mutex_);
        blocked_ = false;
    }
    gate_.writable();
}

void DatagramPath::close() noexcept
{
    {
        const std::lock_guard lock(mutex_);
        over_ = true;
    }
    gate_.shut();
}

} // namespace jackfield::direct
