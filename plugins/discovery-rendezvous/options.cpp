// Reads the options and says where something is wrong with them.
//
// Threads: none of its own.
#include "options.hpp"

#include <shared/rendezvous/wire.hpp>

#include <jackfield/basic.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>

namespace discovery_rendezvous {

namespace {

using jackfield::ConfigError;
namespace wire = jackfield::rendezvous;

constexpr std::string_view kScheme = "http://";

bool is_url_text(std::string_view text)
{
    return std::all_of(text.begin(), text.end(), [](char letter) {
        return letter > 0x20 && letter < 0x7f &&
               std::string_view("\"<>\\^`{|}#?@").find(letter) == std::string_view::npos;
    });
}

std::uint16_t port_of(std::string_view text, const std::string& pointer)
{
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc() || end != text.data() + text.size() || port == 0)
        throw ConfigError(pointer + ": \"" + std::string(text) + "\" is not a port from 1 to 65535");
    return port;
}

Server server_of(const std::string& url, const std::string& pointer)
{
    const std::string such = "; \"http://rendezvous.example.org:4380\" would work";
    if (url.starts_with("https://") || url.starts_with("wss://"))
        throw ConfigError(pointer +
                          ": TLS to the server is not supported; http:// works, and what it carries is sealed "
                          "for its recipient in any case");
    if (!url.starts_with(kScheme) || !is_url_text(url))
        throw ConfigError(pointer + ": \"" + url + "\" is no URL of a server" + such);
    const std::string rest = url.substr(kScheme.size());
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    const std::string authority = rest.substr(0, slash);
    Server server{{}, wire::kDefaultPort, rest.substr(slash)};
    while (server.path.ends_with('/'))
        server.path.pop_back();
    server.path += wire::kBoardPath;
    std::string_view port;
    bool has_port = false;
    if (authority.starts_with('[')) {
        const std::size_t end = authority.find(']');
        if (end == std::string::npos || (end + 1 < authority.size() && authority[end + 1] != ':'))
            throw ConfigError(pointer + ": \"" + authority + "\" is not of the form [address]:port");
        server.host = authority.substr(1, end - 1);
        has_port = end + 1 < authority.size();
        port = std::string_view(authority).substr(has_port ? end + 2 : authority.size());
    } else {
        const std::size_t colon = authority.find(':');
        if (colon != authority.rfind(':'))
            throw ConfigError(pointer + ": an IPv6 address stands in brackets: http://[::1]:4380");
        server.host = authority.substr(0, colon);
        has_port = colon != std::string::npos;
        port = std::string_view(authority).substr(has_port ? colon + 1 : authority.size());
    }
    if (server.host.empty())
        throw ConfigError(pointer + ": \"" + url + "\" has no host" + such);
    if (has_port)
        server.port = port_of(port, pointer);
    return server;
}

} // namespace

std::string Server::authority() const
{
    return (host.find(':') != std::string::npos ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Options parse_options(std::string_view config_json)
{
    const auto config = nlohmann::json::parse(config_json, nullptr, /*allow_exceptions=*/false);
    if (!config.is_object() || !config.contains("servers") || !config["servers"].is_array() ||
        config["servers"].empty())
        throw ConfigError("/servers: expected a list of at least one URL; \"http://rendezvous.example.org:4380\" would "
                          "be one");
    Options options;
    for (const auto& url : config["servers"]) {
        const std::string pointer = "/servers/" + std::to_string(options.servers.size());
        if (!url.is_string())
            throw ConfigError(pointer + ": expected a URL");
        options.servers.push_back(server_of(url.get<std::string>(), pointer));
    }
    return options;
}

} // namespace discovery_rendezvous
