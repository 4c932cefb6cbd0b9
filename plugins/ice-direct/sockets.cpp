// See sockets.hpp.
#include "sockets.hpp"

#include <jackfield/basic.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>

namespace jackfield::direct {

namespace {

constexpr int kBacklog = 16;

void set_integer(int socket, int level, int option, int value)
{
    setsockopt(socket, level, option, &value, sizeof(value)); // each of them is a wish that the system may not grant
}

/// Tries the ports of the range, or lets the system choose. Opens the socket for each, because a failed bind may leave
/// it unusable.
template <class Socket, class Open>
void bind_in_range(Socket& socket, const ice::IpAddress& address, const ice::PortRange& ports, Open open)
{
    using Endpoint = typename Socket::endpoint_type;
    asio::error_code failed;
    for (unsigned port = ports.first; port <= ports.last; ++port) {
        const Endpoint endpoint(to_asio(address), static_cast<std::uint16_t>(port));
        socket.open(endpoint.protocol(), failed);
        if (failed)
            break;
        if (address.is_v6())
            socket.set_option(asio::ip::v6_only(true), failed);
        open(socket);
        socket.bind(endpoint, failed);
        if (!failed)
            return;
        asio::error_code ignored;
        socket.close(ignored);
    }
    throw Failure(
        failed == asio::error::address_in_use ? JF_EXHAUSTED : JF_UNREACHABLE,
        "cannot bind to " + address.text() +
            (ports.first != 0 ? ", ports " + std::to_string(ports.first) + " to " + std::to_string(ports.last) : "") +
            ": " + failed.message());
}

} // namespace

asio::ip::address to_asio(const ice::IpAddress& address)
{
    if (address.is_v6()) {
        asio::ip::address_v6::bytes_type bytes;
        std::copy_n(address.bytes(), bytes.size(), bytes.begin());
        return asio::ip::address_v6(bytes);
    }
    asio::ip::address_v4::bytes_type bytes;
    std::copy_n(address.bytes(), bytes.size(), bytes.begin());
    return asio::ip::address_v4(bytes);
}

ice::IpAddress from_asio(const asio::ip::address& address)
{
    return *ice::IpAddress::from_sockaddr(udp::endpoint(address, 0).data());
}

std::string text_of(const asio::ip::address& address, std::uint16_t port)
{
    const std::string host = address.to_string();
    return (address.is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

udp::socket open_datagram_socket(asio::io_context& context, const ice::IpAddress& address, const Options& options)
{
    udp::socket socket(context);
    bind_in_range(socket, address, options.local.ports, [&](udp::socket& opened) {
        const int native = opened.native_handle();
        set_integer(native, SOL_SOCKET, SO_RCVBUF, options.socket_buffer_bytes);
        set_integer(native, SOL_SOCKET, SO_SNDBUF, options.socket_buffer_bytes);
        if (address.is_v6())
            set_integer(native, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
        else
            set_integer(native, IPPROTO_IP, IP_RECVTOS, 1);
    });
    socket.non_blocking(true);
    return socket;
}

tcp::acceptor open_acceptor(asio::io_context& context, const ice::IpAddress& address, const Options& options)
{
    tcp::acceptor acceptor(context);
    bind_in_range(acceptor, address, options.local.ports,
                  [](tcp::acceptor& opened) { set_integer(opened.native_handle(), SOL_SOCKET, SO_REUSEADDR, 1); });
    asio::error_code failed;
    acceptor.listen(kBacklog, failed);
    if (failed)
        throw Failure(JF_EXHAUSTED, "cannot listen on " + address.text() + ": " + failed.message());
    return acceptor;
}

void tune(tcp::socket& socket, const Options& options)
{
    asio::error_code ignored;
    socket.non_blocking(true, ignored);
    const int native = socket.native_handle();
    const auto limit = static_cast<int>(options.silence_limit.count());
    set_integer(native, IPPROTO_TCP, TCP_NODELAY, 1);
    set_integer(native, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_integer(native, IPPROTO_TCP, TCP_KEEPIDLE, std::max(1, limit / 4000));
    set_integer(native, IPPROTO_TCP, TCP_KEEPINTVL, std::max(1, limit / 4000));
    set_integer(native, IPPROTO_TCP, TCP_USER_TIMEOUT, limit); // decides over both data and keep-alives
}

std::int64_t round_trip_ns(tcp::socket& socket)
{
    tcp_info info{};
    socklen_t size = sizeof(info);
    if (getsockopt(socket.native_handle(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
        return 0;
    return std::int64_t{info.tcpi_rtt} * 1000;
}

} // namespace jackfield::direct
