// A UDP socket of a host. See udp_socket.hpp.

#include "udp_socket.hpp"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

namespace laboratory {

namespace {

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

UdpSocket::UdpSocket(const Host& host, std::uint16_t port)
{
    host.inside([&] { socket_ = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); });
    sockaddr_in own = internet({host.address(), port});
    socklen_t size = sizeof(own);
    if (bind(socket_, reinterpret_cast<const sockaddr*>(&own), size) != 0)
        throw std::runtime_error("laboratory: no socket at " + Place{host.address(), port}.text());
    getsockname(socket_, reinterpret_cast<sockaddr*>(&own), &size);
    local_ = place_of(own);
}

UdpSocket::~UdpSocket()
{
    close(socket_);
}

void UdpSocket::send(const Place& to, std::string_view text) const
{
    const sockaddr_in address = internet(to);
    sendto(socket_, text.data(), text.size(), 0, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
}

std::optional<Datagram> UdpSocket::receive(std::chrono::milliseconds limit) const
{
    pollfd ready{socket_, POLLIN, 0};
    poll(&ready, 1, static_cast<int>(limit.count()));
    char text[2048];
    sockaddr_in from{};
    socklen_t size = sizeof(from);
    const auto count = recvfrom(socket_, text, sizeof(text), 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (count < 0)
        return std::nullopt;
    return Datagram{place_of(from), {text, static_cast<std::size_t>(count)}};
}

} // namespace laboratory
