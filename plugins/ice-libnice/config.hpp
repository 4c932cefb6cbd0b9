// The configuration of one instance, read once and constant from then on. Options are described in the schema.
//
// Threads: constant after construction.
#pragma once

#include <shared/ice/address_options.hpp>
#include <shared/port_mapping/mapping.hpp>

#include <chrono>
#include <optional>
#include <vector>

namespace jackfield::ice {

struct Server {
    std::string host; // a name or an IP address
    std::uint16_t port = 3478;
};

/// Between us and a relay.
enum class RelayTransport { udp, tcp, tls };

struct TurnServer {
    Server server;
    RelayTransport transport = RelayTransport::udp;
    std::string username;
    std::string password;
    std::string server_name; // TLS: of the certificate, if it is not the server's
    std::string ca;          // TLS: a file with the certificates that are trusted, in place of the system's
};

struct Config {
    std::vector<Server> stun;
    std::vector<TurnServer> turn;
    bool relay_only = false;
    std::vector<shared_port_mapping::Protocol> port_mapping; // none: no router is asked
    bool simultaneous_open = true;                           // of TCP, where there is a STUN server
    bool regular_nomination = false;
    bool consent = true;
    std::optional<std::chrono::milliseconds> pacing; // else pacing_on decides
    std::chrono::milliseconds connect_timeout{10000};
    std::chrono::milliseconds gather_timeout{2000};
    int socket_buffer_bytes = 1024 * 1024;
    AddressOptions local;

    /// TLS is over TCP, too.
    bool has_tcp_relay() const;

    /// Ta of RFC 8445 section 14: 5 ms is the least that is allowed on a network, because NATs create bindings at a
    /// limited rate (appendix B.1). A session that stays on this machine meets none.
    std::chrono::milliseconds pacing_on(const std::vector<IpAddress>& local_addresses) const;
};

/// Throws ConfigError.
Config parse_config(std::string_view json);

} // namespace jackfield::ice
