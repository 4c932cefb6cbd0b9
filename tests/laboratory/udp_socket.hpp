// A UDP socket of a host of the laboratory.
//
// Threads: one at a time; opened anywhere, because the socket stays where it was opened. Lifetime: the object's.
#pragma once

#include "network.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace laboratory {

struct Datagram {
    Place from;
    std::string text;
};

class UdpSocket {
public:
    /// At the host's first address. Of a host that has IPv6 alone, it is of IPv6, and speaks with the outside through
    /// the NAT64: places are those of IPv4 all the same. Throws std::runtime_error.
    explicit UdpSocket(const Host& host, std::uint16_t port = 0);
    UdpSocket(const UdpSocket&) = delete;
    UdpSocket& operator=(const UdpSocket&) = delete;
    ~UdpSocket();

    Place local() const { return local_; }

    void send(const Place& to, std::string_view text) const;

    /// The next datagram; nothing if none comes in time.
    std::optional<Datagram> receive(std::chrono::milliseconds limit) const;

private:
    bool v6_;
    int socket_ = -1;
    Place local_;
};

} // namespace laboratory
