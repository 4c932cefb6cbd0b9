// The options of discovery-sip, read from its JSON.
//
// Threads: values. Lifetime: read once, when the instance is made.
#pragma once

#include <shared/sip/uri.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace discovery_sip {

using shared_sip::HostPort;
using shared_sip::Uri;

enum class Transport { udp, tcp, tls };

struct TlsOptions {
    std::string ca_file;     ///< PEM; empty: the certificates that the system trusts
    std::string server_name; ///< whom the certificate has to name; empty: the host that is connected to
    bool verify = true;
};

struct Options {
    Uri aor;
    HostPort registrar; ///< the next hop, unless there is an outbound proxy; with a port
    std::optional<HostPort> outbound_proxy;
    Transport transport = Transport::udp;
    std::string user;
    std::optional<std::string> password;
    std::string realm; ///< the only one that gets credentials; empty: any
    std::chrono::seconds expires{600};
    std::string bind; ///< empty: as routing chooses
    std::uint16_t port = 0;
    bool from_anyone = false;
    std::chrono::seconds keep_alive{25};
    TlsOptions tls;

    const HostPort& next_hop() const { return outbound_proxy ? *outbound_proxy : registrar; }
    std::string via_transport() const; ///< as Via writes it
    std::string uri_parameter() const; ///< ";transport=tcp", or nothing for UDP
    std::uint16_t default_port() const { return transport == Transport::tls ? 5061 : 5060; }
};

/// Throws ConfigError with the place of what is wrong. Reads the file of the password.
Options parse_options(std::string_view config_json);

} // namespace discovery_sip
