// The configuration of one instance, read once and constant from then on. Options are described in the schema.
//
// Threads: constant after construction.
#pragma once

#include <shared/ice/address_options.hpp>

#include <chrono>
#include <optional>
#include <vector>

namespace jackfield::ice {

struct Server {
    std::string host; // a name or an IP address
    std::uint16_t port = 3478;
};

struct TurnServer {
    Server server;
    bool over_tcp = false;
    std::string username;
    std::string password;
};

struct Config {
    std::vector<Server> stun;
    std::vector<TurnServer> turn;
    bool relay_only = false;
    bool upnp = false;
    bool regular_nomination = false;
    bool consent = true;
    std::optional<std::chrono::milliseconds> pacing; // else pacing_on decides
    std::chrono::milliseconds connect_timeout{10000};
    std::chrono::milliseconds gather_timeout{2000};
    int socket_buffer_bytes = 1024 * 1024;
    AddressOptions local;

    bool has_tcp_relay() const;

    /// Ta of RFC 8445 section 14: 5 ms is the least that is allowed on a network, because NATs create bindings at a
    /// limited rate (appendix B.1). A session that stays on this machine meets none.
    std::chrono::milliseconds pacing_on(const std::vector<IpAddress>& local_addresses) const;
};

/// Throws ConfigError.
Config parse_config(std::string_view json);

} // namespace jackfield::ice
