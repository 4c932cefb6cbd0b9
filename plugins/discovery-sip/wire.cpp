// Which wire it is, and what all of them need.
//
// Threads: the network's.
#include "wire.hpp"

#include <random>

namespace discovery_sip {

std::shared_ptr<Wire> make_wire(asio::io_context& context, const WireOptions& options, WireEvents events)
{
    switch (options.transport) {
    case Transport::udp:
        return make_udp_wire(context, options, std::move(events));
    case Transport::tcp:
        return make_tcp_wire(context, options, std::move(events));
    case Transport::tls:
        break;
    }
    return make_tls_wire(context, options, std::move(events));
}

HostPort host_port(const asio::ip::address& address, std::uint16_t port)
{
    if (address.is_v6() && address.to_v6().is_v4_mapped())
        return {asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string(), port};
    return {address.to_string(), port};
}

std::chrono::milliseconds keep_alive_pause(std::chrono::seconds interval)
{
    static thread_local std::minstd_rand random(std::random_device{}());
    const auto whole = std::chrono::milliseconds(interval).count();
    return std::chrono::milliseconds(std::uniform_int_distribution<std::int64_t>(whole * 4 / 5, whole)(random));
}

} // namespace discovery_sip
