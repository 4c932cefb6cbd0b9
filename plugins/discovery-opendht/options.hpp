// The options of discovery-opendht, read from its JSON.
//
// Threads: values. Lifetime: read once, when the instance is made.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace discovery_opendht {

inline constexpr std::uint16_t kDefaultPort = 4222;

struct Address {
    std::string host; ///< a name or a numeric address, without brackets
    std::uint16_t port = 0;

    bool is_ipv6() const { return host.find(':') != std::string::npos; }
    std::string text() const;
};

struct Options {
    std::vector<Address> bootstrap;
    Address listen{"0.0.0.0", 0};
    std::uint32_t network = 0;
    bool public_rate_limits = true;
    bool ipv6 = false;
    bool peer_discovery = false;
    bool says_farewell = true; ///< not in the JSON: tests let nodes die without a word
};

/// Throws ConfigError with the place of what is wrong.
Options parse_options(std::string_view config_json);

/// Throws std::invalid_argument. The port may be missing: then it is `default_port`.
Address parse_address(std::string_view text, std::uint16_t default_port);

} // namespace discovery_opendht
