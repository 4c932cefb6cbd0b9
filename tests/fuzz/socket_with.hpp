// One end of a pair of sockets that has the input to read, and then its end.
//
// Threads: one. Lifetime: the other end is closed when the Sender goes.
#pragma once

#include <asio/ip/tcp.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include <sys/socket.h>
#include <unistd.h>

namespace jackfield::fuzz {

class Sender {
public:
    /// The first 64 KiB of it, which a socket takes at once.
    Sender(asio::io_context& context, const std::uint8_t* data, std::size_t size) : reader_(context)
    {
        size = std::min<std::size_t>(size, 64 * 1024);
        int ends[2];
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
            std::abort();
        sender_ = ends[0];
        if (::send(sender_, data, size, MSG_DONTWAIT | MSG_NOSIGNAL) != static_cast<ssize_t>(size))
            std::abort();
        ::shutdown(sender_, SHUT_WR);
        reader_.assign(asio::ip::tcp::v4(), ends[1]);
    }
    Sender(const Sender&) = delete;
    Sender& operator=(const Sender&) = delete;
    ~Sender() { ::close(sender_); }

    asio::ip::tcp::socket reader() { return std::move(reader_); }

private:
    asio::ip::tcp::socket reader_;
    int sender_ = -1;
};

} // namespace jackfield::fuzz
