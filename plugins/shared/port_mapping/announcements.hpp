// What routers say to all of their network: that they have restarted (RFC 6887 section 14.1.3, RFC 6886 section 3.2.1).
// Without it, a restart is noticed when something is renewed.
//
// Threads:  the mapper's thread.
// Lifetime: shared with what it has under way; `close` ends that.
#pragma once

#include "pcp_wire.hpp"

#include <asio/ip/udp.hpp>

#include <memory>

namespace shared_port_mapping {

class Announcements : public std::enable_shared_from_this<Announcements> {
public:
    using Heard = std::function<void(const IpAddress& from, ByteView)>;

    Announcements(asio::io_context& context, Heard heard) : socket_(context), heard_(std::move(heard)) {}
    Announcements(const Announcements&) = delete;
    Announcements& operator=(const Announcements&) = delete;

    void listen(bool v6);
    void close();

private:
    void hear();

    asio::ip::udp::socket socket_;
    asio::ip::udp::endpoint from_;
    std::array<std::uint8_t, kMaxPcpBytes + 1> buffer_{};
    Heard heard_;
};

/// Of IPv6 without its scope.
IpAddress address_of(const asio::ip::udp::endpoint& endpoint);

} // namespace shared_port_mapping
