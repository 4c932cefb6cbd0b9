// Sockets as this plugin wants them, and the same address in three shapes: of a candidate, of Asio, of a log line.
//
// Threads: any; every socket is opened on the control thread and belongs to the I/O thread from then on.
#pragma once

#include "options.hpp"

#include <shared/ice/candidate.hpp>

#include <asio/ip/tcp.hpp>
#include <asio/ip/udp.hpp>
#include <asio/ip/v6_only.hpp>

namespace jackfield::direct {

using asio::ip::tcp;
using asio::ip::udp;

asio::ip::address to_asio(const ice::IpAddress& address);
ice::IpAddress from_asio(const asio::ip::address& address);

/// "192.0.2.1:5004", "[2001:db8::1]:5004"
std::string text_of(const asio::ip::address& address, std::uint16_t port);

/// Bound, non-blocking, with ECN reported. Throws Failure.
udp::socket open_datagram_socket(asio::io_context& context, const ice::IpAddress& address, const Options& options);

/// Bound and listening. Throws Failure.
tcp::acceptor open_acceptor(asio::io_context& context, const ice::IpAddress& address, const Options& options);

/// A TCP connection sends at once and notices within the limit that the peer is silent.
void tune(tcp::socket& socket, const Options& options);

/// As the system has measured it so far, in nanoseconds; 0 if it has not.
std::int64_t round_trip_ns(tcp::socket& socket);

} // namespace jackfield::direct
