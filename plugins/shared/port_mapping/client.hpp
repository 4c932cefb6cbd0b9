// One way of asking a router. Three of them for ports of IPv4: PCP, NAT-PMP, UPnP; two for pinholes of IPv6: PCP, UPnP.
//
// Threads:  the mapper's thread alone. Answers come later, never inside the call, and each once.
// Lifetime: shared with what it has under way; after `close` nothing comes.
#pragma once

#include "pcp_wire.hpp"

#include <asio/io_context.hpp>

#include <memory>

namespace shared_port_mapping {

/// A mapping, whether we have it or want it.
struct Request {
    Wanted wanted;
    PcpNonce nonce{};
    Endpoint external; ///< that was granted; before that, what is suggested
};

/// Where the router is, and who we are to it.
struct RouterPlace {
    std::optional<Endpoint> router; ///< where it listens to PCP; nothing: the system names none
    IpAddress local;                ///< that the router sees us at
    Endpoint search;                ///< where UPnP devices are looked for
    unsigned interface = 0;         ///< that link-local addresses are of; IPv6

    friend bool operator==(const RouterPlace&, const RouterPlace&) = default;
};

class Client {
public:
    using Looked = std::function<void(std::string problem)>; // empty: the router speaks this
    using Mapped = std::function<void(Outcome)>;
    using Done = std::function<void()>;

    Client() = default;
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    virtual ~Client() = default;

    virtual Protocol protocol() const = 0;
    virtual void look(Looked looked) = 0;
    virtual void map(const Request& request, Mapped mapped) = 0;

    /// Takes it back, whether or not the router hears it.
    virtual void unmap(const Request& request, Done done) = 0;

    /// What the router says to all of its network (RFC 6887 section 14.1.3, RFC 6886 section 3.2.1).
    virtual void announced(ByteView) {}

    virtual void close() = 0;

    std::function<void()> on_restart; ///< the router has lost its mappings
};

std::shared_ptr<Client> make_pcp_client(asio::io_context& context, const RouterPlace& place);
std::shared_ptr<Client> make_nat_pmp_client(asio::io_context& context, const RouterPlace& place);
std::shared_ptr<Client> make_upnp_client(asio::io_context& context, const RouterPlace& place);
std::shared_ptr<Client> make_upnp_pinhole_client(asio::io_context& context, const RouterPlace& place);

} // namespace shared_port_mapping
