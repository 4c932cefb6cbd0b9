// Relays over TLS, as libnice sees them: relays over TCP on loopback, one for each that the configuration names. Every
// connection to such a stand-in is carried on to the real one (tls_tunnel.hpp).
//
// Threads:  made and asked for ports on the control thread; connections live on the loop's.
// Lifetime: the instance's, which closes it after the last agent has said goodbye and before the loop ends.
#pragma once

#include "config.hpp"
#include "tls_tunnel.hpp"

#include <jackfield/host.hpp>
#include <shared/ice/nat64.hpp>

#include <optional>

namespace jackfield::ice {

/// For each relay of the configuration what is needed to speak TLS with it; null unless it is over TLS. Throws
/// ConfigError.
std::vector<shared_openssl::ContextPtr> tls_contexts(const Config& config);

class TlsRelays {
public:
    /// Reads what certificates are trusted. Opens nothing yet. Throws ConfigError.
    TlsRelays(Host host, GlibLoop& loop, const Config& config);
    TlsRelays(const TlsRelays&) = delete;
    TlsRelays& operator=(const TlsRelays&) = delete;
    ~TlsRelays();

    /// Where on loopback that one of config.turn answers: 127.0.0.1, or ::1 for agents that have IPv6 alone. Nothing,
    /// and a line in the log, if it cannot.
    std::optional<std::uint16_t> port_of(std::size_t number, bool v6);

    /// Relays that have an address of IPv4 are behind that NAT64 from now on, or no longer.
    void use(const std::optional<Nat64Prefix>& nat64);

    /// Ends what is left, and waits for the loop's thread to have done so.
    void close();

private:
    struct Relay;

    Host host_;
    GlibLoop& loop_;
    std::optional<Nat64Prefix> nat64_;
    Farewells connecting_;                       // connections that are being made: their answers must find this object
    std::vector<Server> servers_;                // of config.turn
    std::vector<std::unique_ptr<Relay>> relays_; // as many as there are in config.turn; null if it is not over TLS
};

} // namespace jackfield::ice
