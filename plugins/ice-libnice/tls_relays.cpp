// Relays over TLS. See tls_relays.hpp.

#include "tls_relays.hpp"

#include <shared/openssl/failures.hpp>

#include <algorithm>

namespace jackfield::ice {

namespace {

using shared_openssl::ContextPtr;
using shared_openssl::require;

constexpr std::size_t kMaxTunnels = 256; // to one relay; four components on sixteen addresses take 64
constexpr gint kBacklog = 64;

/// Trusts what the file says, or what the system does. Throws ConfigError.
ContextPtr make_context(const TurnServer& turn, const std::string& place)
{
    ContextPtr context(SSL_CTX_new(TLS_client_method()));
    require(context != nullptr && SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) == 1, "TLS");
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (turn.ca.empty())
        require(SSL_CTX_set_default_verify_paths(context.get()) == 1, "the system's certificates");
    else if (SSL_CTX_load_verify_file(context.get(), turn.ca.c_str()) != 1)
        throw ConfigError(place + "/ca: \"" + turn.ca +
                          "\": " + shared_openssl::library_text("no certificates (PEM) can be read from it"));
    return context;
}

} // namespace

std::vector<ContextPtr> tls_contexts(const Config& config)
{
    std::vector<ContextPtr> contexts;
    for (const auto& turn : config.turn) {
        const std::string place = "/turn/" + std::to_string(contexts.size());
        contexts.push_back(turn.transport == RelayTransport::tls ? make_context(turn, place) : nullptr);
    }
    return contexts;
}

/// The stand-in of one relay.
struct TlsRelays::Relay final : TunnelListener {
    Relay(Host its_host, GlibLoop& its_loop, Farewells& counts, const TurnServer& turn, const std::string& place)
        : host(its_host), loop(its_loop), connecting(counts), context(make_context(turn, place))
    {
        destination = {turn.server.host, turn.server.port,
                       turn.server_name.empty() ? turn.server.host : turn.server_name, context.get()};
    }

    /// Where libnice comes to it.
    struct Door {
        Relay& relay;
        GPtr<GSocket> listener;
        SourcePtr source;
        std::uint16_t port = 0; // once it listens
    };

    /// On a port of loopback that is free. False if there is none.
    static bool listen(Door& door, GSocketFamily family)
    {
        GPtr<GSocket> socket(g_socket_new(family, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, nullptr));
        const GPtr<GInetAddress> loopback(g_inet_address_new_loopback(family));
        const GPtr<GSocketAddress> address(g_inet_socket_address_new(loopback.get(), 0));
        if (socket == nullptr || g_socket_bind(socket.get(), address.get(), FALSE, nullptr) == FALSE)
            return false;
        g_socket_set_listen_backlog(socket.get(), kBacklog);
        g_socket_set_blocking(socket.get(), FALSE);
        const GPtr<GSocketAddress> own(g_socket_get_local_address(socket.get(), nullptr));
        if (own == nullptr || g_socket_listen(socket.get(), nullptr) == FALSE)
            return false;
        door.port = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(own.get()));
        door.listener = std::move(socket);
        door.source.reset(g_socket_create_source(door.listener.get(), G_IO_IN, nullptr));
        const GSocketSourceFunc ready = [](GSocket* listener, GIOCondition, gpointer self) -> gboolean {
            static_cast<Relay*>(self)->accept(listener);
            return G_SOURCE_CONTINUE;
        };
        g_source_set_callback(door.source.get(), G_SOURCE_FUNC(ready), &door.relay, nullptr);
        g_source_attach(door.source.get(), door.relay.loop.context());
        return true;
    }

    // --- on the loop's thread ---

    void accept(GSocket* listener)
    {
        GPtr<GSocket> inner(g_socket_accept(listener, nullptr, nullptr));
        if (inner == nullptr || tunnels.size() >= kMaxTunnels)
            return; // closed at once
        tunnels.push_back(std::make_shared<TlsTunnel>(loop, connecting, destination, std::move(inner), *this));
        tunnels.back()->start();
    }

    void tunnel_opened(TlsTunnel&) override { last_problem.clear(); }

    void tunnel_ended(TlsTunnel& tunnel, const std::string& problem) override
    {
        if (!problem.empty() && problem != last_problem) // one line, not one for each component of each session
            host.warning("ice: relay " + destination.host + ':' + std::to_string(destination.port) +
                         " over TLS: " + problem);
        if (!problem.empty())
            last_problem = problem;
        std::erase_if(tunnels, [&](const auto& one) { return one.get() == &tunnel; });
    }

    void close()
    {
        for (Door* const door : {&v4, &v6}) {
            door->source.reset();
            door->listener.reset();
        }
        for (const auto& tunnel : std::vector(tunnels))
            tunnel->end({});
    }

    Host host;
    GlibLoop& loop;
    Farewells& connecting;
    ContextPtr context;
    TlsDestination destination;
    Door v4{*this, {}, {}, 0};
    Door v6{*this, {}, {}, 0};
    std::vector<std::shared_ptr<TlsTunnel>> tunnels; // second owner: a connection that is being made
    std::string last_problem;
};

TlsRelays::TlsRelays(Host host, GlibLoop& loop, const Config& config) : host_(host), loop_(loop)
{
    for (const auto& turn : config.turn) {
        const std::string place = "/turn/" + std::to_string(relays_.size());
        servers_.push_back(turn.server);
        relays_.push_back(turn.transport == RelayTransport::tls
                              ? std::make_unique<Relay>(host_, loop_, connecting_, turn, place)
                              : nullptr);
    }
}

TlsRelays::~TlsRelays() = default;

void TlsRelays::use(const std::optional<Nat64Prefix>& nat64)
{
    if (nat64 == std::exchange(nat64_, nat64))
        return;
    for (std::size_t number = 0; number < relays_.size(); ++number) {
        if (relays_[number] == nullptr)
            continue;
        loop_.post([relay = relays_[number].get(), host = host_behind(nat64, servers_[number].host)] {
            relay->destination.host = host;
        });
    }
}

std::optional<std::uint16_t> TlsRelays::port_of(std::size_t number, bool v6)
{
    Relay& relay = *relays_.at(number);
    Relay::Door& door = v6 ? relay.v6 : relay.v4;
    if (door.port == 0 && !Relay::listen(door, v6 ? G_SOCKET_FAMILY_IPV6 : G_SOCKET_FAMILY_IPV4)) {
        host_.warning("ice: relay " + servers_[number].host + " is left out: no port on loopback to reach it by");
        return std::nullopt;
    }
    return door.port;
}

void TlsRelays::close()
{
    connecting_.begin();
    loop_.post([this] {
        for (const auto& relay : relays_) {
            if (relay != nullptr)
                relay->close();
        }
        connecting_.end();
    });
    connecting_.wait();
}

} // namespace jackfield::ice
