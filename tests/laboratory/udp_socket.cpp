// A UDP socket of a host. See udp_socket.hpp.

#include "udp_socket.hpp"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <stdexcept>

namespace laboratory {

namespace {

sockaddr_in6 internet(const Ipv6Bytes& bytes, std::uint16_t port)
{
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    std::memcpy(&address.sin6_addr, bytes.data(), bytes.size());
    address.sin6_port = htons(port);
    return address;
}

Place place_of(const sockaddr_in6& address)
{
    Ipv6Bytes bytes;
    std::memcpy(bytes.data(), &address.sin6_addr, bytes.size());
    return {v4_of(bytes).value_or(Address{}), ntohs(address.sin6_port)};
}

sockaddr_in internet(const Place& place)
{
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(place.address.value);
    address.sin_port = htons(place.port);
    return address;
}

Place place_of(const sockaddr_in& address)
{
    return {{ntohl(address.sin_addr.s_addr)}, ntohs(address.sin_port)};
}

} // namespace

UdpSocket::UdpSocket(const Host& host, std::uint16_t port) : v6_(host.ipv6_alone())
{
    host.inside([&] { socket_ = socket(v6_ ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); });
    const Place wanted{host.address(), port};
    const auto bind_to = [&](auto own) {
        socklen_t size = sizeof(own);
        if (bind(socket_, reinterpret_cast<const sockaddr*>(&own), size) != 0)
            throw std::runtime_error("laboratory: no socket at " + wanted.text());
        getsockname(socket_, reinterpret_cast<sockaddr*>(&own), &size);
        local_ = place_of(own);
    };
    if (v6_)
        bind_to(internet(neighbour_v6(wanted.address), port));
    else
        bind_to(internet(wanted));
}

UdpSocket::~UdpSocket()
{
    close(socket_);
}

void UdpSocket::send(const Place& to, std::string_view text) const
{
    if (v6_) {
        const sockaddr_in6 address = internet(outside_v6(to.address), to.port);
        sendto(socket_, text.data(), text.size(), 0, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
        return;
    }
    const sockaddr_in address = internet(to);
    sendto(socket_, text.data(), text.size(), 0, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
}

std::optional<Datagram> UdpSocket::receive(std::chrono::milliseconds limit) const
{
    pollfd ready{socket_, POLLIN, 0};
    poll(&ready, 1, static_cast<int>(limit.count()));
    char text[2048];
    sockaddr_storage from{};
    socklen_t size = sizeof(from);
    const auto count = recvfrom(socket_, text, sizeof(text), 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (count < 0)
        return std::nullopt;
    const Place sender = v6_ ? place_of(reinterpret_cast<const sockaddr_in6&>(from))
                             : place_of(reinterpret_cast<const sockaddr_in&>(from));
    return Datagram{sender, {text, static_cast<std::size_t>(count)}};
}

} // namespace laboratory
