// The options of discovery-rendezvous, read from its JSON.
//
// Threads: values. Lifetime: read once, when the instance is made.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace discovery_rendezvous {

struct Server {
    std::string host; ///< a name or a numeric address, without brackets
    std::uint16_t port = 0;
    std::string path; ///< of the WebSocket: "/v1/board", after whatever the URL had

    std::string authority() const; ///< "host:port", as the Host field has it (RFC 9110 section 7.2)
};

struct Options {
    std::vector<Server> servers;
};

/// Throws ConfigError with the place of what is wrong.
Options parse_options(std::string_view config_json);

} // namespace discovery_rendezvous
