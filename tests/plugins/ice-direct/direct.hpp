// Sessions of ice-direct and the sockets of whoever else is on the network, for the tests of what is its own.
#pragma once

#include "../connectivity/session_under_test.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace jackfield::direct_test {

using namespace connectivity_test;
using connectivity_test::Instance;

inline std::unique_ptr<Instance> make_direct(FakeHost& host, const std::string& more = {})
{
    return make_instance(host, "ice-direct",
                         R"({"addresses": ["127.0.0.1"])" + (more.empty() ? "" : ", " + more) + "}");
}

/// A socket on loopback that the test speaks through itself. Reading waits at most ten seconds.
class Socket {
public:
    explicit Socket(int type) : native_(socket(AF_INET, type, 0))
    {
        const timeval limit{10, 0};
        setsockopt(native_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
        sockaddr_in any = address_of(0);
        EXPECT_EQ(bind(native_, reinterpret_cast<sockaddr*>(&any), sizeof(any)), 0);
    }
    explicit Socket(int native, std::nullptr_t) : native_(native) {}
    Socket(Socket&& other) noexcept : native_(std::exchange(other.native_, -1)) {}
    Socket& operator=(Socket&&) = delete;
    ~Socket()
    {
        if (native_ >= 0)
            ::close(native_);
    }

    static sockaddr_in address_of(std::uint16_t port)
    {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(port);
        return address;
    }

    std::uint16_t port() const
    {
        sockaddr_in address{};
        socklen_t size = sizeof(address);
        EXPECT_EQ(getsockname(native_, reinterpret_cast<sockaddr*>(&address), &size), 0);
        return ntohs(address.sin_port);
    }

    void listen() { EXPECT_EQ(::listen(native_, 8), 0); }
    Socket accept() { return Socket(::accept(native_, nullptr, nullptr), nullptr); }

    bool connect(std::uint16_t port)
    {
        const sockaddr_in address = address_of(port);
        return ::connect(native_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
    }

    void send(ByteView bytes)
    {
        EXPECT_EQ(::send(native_, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
    }
    void send_to(std::uint16_t port, ByteView bytes)
    {
        const sockaddr_in address = address_of(port);
        EXPECT_EQ(sendto(native_, bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&address),
                         sizeof(address)),
                  static_cast<ssize_t>(bytes.size()));
    }

    /// What comes next, and from which port. Empty at the end of a connection.
    Bytes receive(std::uint16_t* from = nullptr)
    {
        Bytes bytes(2048);
        sockaddr_in address{};
        socklen_t size = sizeof(address);
        const ssize_t count =
            recvfrom(native_, bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&address), &size);
        bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
        if (from != nullptr)
            *from = ntohs(address.sin_port);
        return bytes;
    }

    /// True once the other side has closed; what it said before is thrown away.
    bool ends()
    {
        ssize_t count = 0;
        std::uint8_t byte = 0;
        while ((count = recv(native_, &byte, 1, 0)) > 0) {
        }
        return count == 0 || errno == ECONNRESET;
    }

    int native() const { return native_; }

private:
    int native_;
};

/// The port in the description's first candidate line.
inline std::uint16_t port_of(const std::string& description)
{
    const std::string line = lines_of(description).at(2);
    const auto begin = line.find("127.0.0.1 ") + 10;
    return static_cast<std::uint16_t>(std::stoi(line.substr(begin)));
}

inline std::string password_of(const std::string& description)
{
    return lines_of(description).at(1);
}

inline std::string credentials_only(const std::string& description)
{
    return lines_of(description).at(0) + '\n' + password_of(description) + '\n';
}

inline std::string candidate(std::uint32_t kind, std::uint16_t port, unsigned priority = 5,
                             const std::string& address = "127.0.0.1")
{
    return "1 1 " + std::string(kind == JF_DATAGRAM ? "UDP " : "TCP ") + std::to_string(priority) + ' ' + address +
           ' ' + std::to_string(port) + " typ host" + (kind == JF_DATAGRAM ? "" : " tcptype passive");
}

} // namespace jackfield::direct_test
