// How messages get to the server and back: a UDP socket, or a connection by TCP or TLS. One attempt each: a wire that
// is down stays down, and a new one is made.
//
// Threads:  the network's, where its events come as well, none of them inside a call.
// Lifetime: kept alive by its own pending operations; `close` ends them, and no event comes afterwards.
#pragma once

#include "options.hpp"

#include <asio/io_context.hpp>
#include <asio/ip/address.hpp>

#include <functional>
#include <memory>

namespace discovery_sip {

inline constexpr std::chrono::seconds kConnectLimit{10}; ///< for look-up, connection and handshake together

struct WireEvents {
    std::function<void(HostPort local)> up;
    std::function<void(std::string why)> down; ///< once, and last
    /// False: no more for now; nothing comes until `resume`.
    std::function<bool(std::string text, HostPort source)> message;
    std::function<void(std::size_t bytes)> left; ///< so much of what was given to send has gone, or never will
};

class Wire {
public:
    Wire() = default;
    Wire(const Wire&) = delete;
    Wire& operator=(const Wire&) = delete;
    virtual ~Wire() = default;

    virtual void start() = 0;

    /// Waits until the wire is up. `to`: another place than the server, where the wire can reach one.
    virtual void send(std::string text, const std::optional<HostPort>& to) = 0;
    virtual void resume() {}
    virtual void close() = 0;
};

struct WireOptions {
    Transport transport = Transport::udp;
    HostPort server;
    std::string bind;
    std::uint16_t port = 0; ///< ours
    bool from_anyone = false;
    std::chrono::seconds keep_alive{0};
    TlsOptions tls;
};

/// May throw Failure: certificates that cannot be read.
std::shared_ptr<Wire> make_wire(asio::io_context& context, const WireOptions& options, WireEvents events);

/// Throws ConfigError if the certificates cannot be read.
void check_tls(const TlsOptions& options);

std::shared_ptr<Wire> make_udp_wire(asio::io_context& context, const WireOptions& options, WireEvents events);
std::shared_ptr<Wire> make_tcp_wire(asio::io_context& context, const WireOptions& options, WireEvents events);
std::shared_ptr<Wire> make_tls_wire(asio::io_context& context, const WireOptions& options, WireEvents events);

HostPort host_port(const asio::ip::address& address, std::uint16_t port);

/// Between 80 and 100 % of the interval, so that many accounts do not all write at once.
std::chrono::milliseconds keep_alive_pause(std::chrono::seconds interval);

} // namespace discovery_sip
