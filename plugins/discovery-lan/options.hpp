// The options of this plugin.
//
// Threads: values, and a plain function.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace discovery_lan {

inline constexpr std::uint16_t kDefaultPort = 4381;

struct Options {
    std::vector<std::string> addresses; // of interfaces; empty: all that are no loopback
    std::uint16_t port = kDefaultPort;
};

/// Throws ConfigError.
Options parse_options(std::string_view config_json);

} // namespace discovery_lan
