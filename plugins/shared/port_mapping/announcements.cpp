// See announcements.hpp.
#include "announcements.hpp"

#include <asio/buffer.hpp>
#include <asio/ip/multicast.hpp>
#include <asio/ip/v6_only.hpp>

namespace shared_port_mapping {

using asio::ip::udp;

IpAddress address_of(const udp::endpoint& endpoint)
{
    return endpoint.address().is_v6() ? IpAddress::from_bytes(endpoint.address().to_v6().to_bytes())
                                      : IpAddress::from_bytes(endpoint.address().to_v4().to_bytes());
}

/// Another program may listen, too. To ff02::1 belongs every host anyway, on all of its interfaces (RFC 4291
/// section 2.8).
void Announcements::listen(bool v6)
{
    asio::error_code error;
    const udp protocol = v6 ? udp::v6() : udp::v4();
    socket_.open(protocol, error);
    if (!error)
        socket_.set_option(asio::ip::udp::socket::reuse_address(true), error);
    if (!error && v6)
        socket_.set_option(asio::ip::v6_only(true), error);
    if (!error)
        socket_.bind({protocol, kAnnouncementPort}, error);
    if (!error && !v6)
        socket_.set_option(asio::ip::multicast::join_group(asio::ip::make_address_v4("224.0.0.1")), error);
    if (socket_.is_open())
        hear();
}

void Announcements::hear()
{
    socket_.async_receive_from(asio::buffer(buffer_), from_,
                               [self = shared_from_this()](asio::error_code error, std::size_t size) {
                                   if (error)
                                       return;
                                   if (self->heard_)
                                       self->heard_(address_of(self->from_), ByteView(self->buffer_).first(size));
                                   self->hear();
                               });
}

void Announcements::close()
{
    heard_ = nullptr;
    asio::error_code ignored;
    socket_.close(ignored);
}

} // namespace shared_port_mapping
