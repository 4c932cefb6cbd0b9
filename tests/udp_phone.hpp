// A UDP socket on loopback that a test speaks through itself: the media port of a telephone.
//
// Threads: the test's. Receiving waits at most ten seconds.
#pragma once

#include <jackfield/basic.hpp>

#include <gtest/gtest.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace jackfield::test {

class UdpPhone {
public:
    UdpPhone() : native_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0))
    {
        const timeval limit{10, 0};
        setsockopt(native_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
        const sockaddr_in any = loopback(0);
        EXPECT_EQ(bind(native_, reinterpret_cast<const sockaddr*>(&any), sizeof(any)), 0);
    }
    UdpPhone(const UdpPhone&) = delete;
    UdpPhone& operator=(const UdpPhone&) = delete;
    ~UdpPhone() { ::close(native_); }

    std::uint16_t port() const
    {
        sockaddr_in address{};
        socklen_t size = sizeof(address);
        EXPECT_EQ(getsockname(native_, reinterpret_cast<sockaddr*>(&address), &size), 0);
        return ntohs(address.sin_port);
    }

    void send_to(std::uint16_t port, ByteView bytes) const
    {
        const sockaddr_in address = loopback(port);
        EXPECT_EQ(sendto(native_, bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&address),
                         sizeof(address)),
                  static_cast<ssize_t>(bytes.size()));
    }

    /// What comes next, and from which port; empty if nothing does.
    Bytes receive(std::uint16_t* from = nullptr) const { return receive_with(0, from); }

    /// The same without waiting.
    Bytes receive_now(std::uint16_t* from = nullptr) const { return receive_with(MSG_DONTWAIT, from); }

private:
    Bytes receive_with(int flags, std::uint16_t* from) const
    {
        Bytes bytes(2048);
        sockaddr_in address{};
        socklen_t size = sizeof(address);
        const ssize_t count =
            recvfrom(native_, bytes.data(), bytes.size(), flags, reinterpret_cast<sockaddr*>(&address), &size);
        bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
        if (from != nullptr)
            *from = ntohs(address.sin_port);
        return bytes;
    }

    static sockaddr_in loopback(std::uint16_t port)
    {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(port);
        return address;
    }

    int native_;
};

} // namespace jackfield::test
