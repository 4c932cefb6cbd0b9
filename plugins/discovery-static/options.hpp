// The options of this plugin, and the addresses in them.
//
// Threads: values and plain functions, any thread.
#pragma once

#include <asio/ip/tcp.hpp>

#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace discovery_static {

struct Options {
    std::string listen = "0.0.0.0:4300";
    std::map<std::string, std::string> peers; // account -> "host:port"
};

/// Throws ConfigError.
Options parse_options(std::string_view config_json);

/// "host:port" or "[v6]:port" apart.
std::pair<std::string, std::string> split(const std::string& address);

std::string text_of(const asio::ip::tcp::endpoint& endpoint);

} // namespace discovery_static
