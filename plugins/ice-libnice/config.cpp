// Reads the JSON configuration. The kernel has checked it against the schema; what a schema cannot say is checked here,
// and the types once more, because tests and other hosts may not validate.
//
// Threads: pure functions.
#include "config.hpp"

#include <jackfield/basic.hpp>
#include <shared/port_mapping/session_ports.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>

namespace jackfield::ice {

namespace {

using Json = nlohmann::json;

constexpr std::uint16_t kTurnTlsPort = 5349; // RFC 8656 section 3

/// "host", "host:port", "192.0.2.1:3478", "[2001:db8::1]:3478"
Server read_server(const Json& value, const std::string& place, std::uint16_t usual_port = 3478)
{
    const std::string text = read_text(value, place);
    const ConfigError wrong(place + ": \"" + text + "\" is not a server; write host, host:port or [IPv6 address]:port");
    std::string_view rest = text;
    Server server;
    server.port = usual_port;
    if (rest.front() == '[') {
        const std::size_t end = rest.find(']');
        if (end == std::string_view::npos || !IpAddress::parse(rest.substr(1, end - 1)))
            throw wrong;
        server.host = rest.substr(1, end - 1);
        rest.remove_prefix(end + 1);
    } else if (IpAddress::parse(rest)) {
        server.host = rest;
        rest = {};
    } else {
        const std::size_t colon = rest.find(':');
        server.host = rest.substr(0, colon);
        rest = colon == std::string_view::npos ? std::string_view{} : rest.substr(colon);
    }
    if (server.host.empty() || server.host.size() > 255)
        throw wrong;
    if (!rest.empty()) {
        rest.remove_prefix(rest.front() == ':' ? 1 : 0);
        const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), server.port);
        if (error != std::errc() || end != rest.data() + rest.size() || server.port == 0)
            throw wrong;
    }
    return server;
}

RelayTransport read_transport(const Json& value, const std::string& place)
{
    const std::string transport = read_text(value, place);
    if (transport == "udp")
        return RelayTransport::udp;
    if (transport == "tcp")
        return RelayTransport::tcp;
    if (transport == "tls")
        return RelayTransport::tls;
    throw ConfigError(place + ": expected \"udp\", \"tcp\" or \"tls\"");
}

TurnServer read_turn_server(const Json& value, const std::string& place)
{
    if (!value.is_object())
        throw ConfigError(place + ": expected an object with server, username, password");
    TurnServer turn;
    if (const auto transport = value.find("transport"); transport != value.end())
        turn.transport = read_transport(*transport, place + "/transport");
    const bool tls = turn.transport == RelayTransport::tls;
    for (const auto& [key, entry] : value.items()) {
        const std::string here = place + '/' + key;
        if (key == "server") {
            turn.server = tls ? read_server(entry, here, kTurnTlsPort) : read_server(entry, here);
        } else if (key == "username") {
            turn.username = read_text(entry, here);
        } else if (key == "password") {
            turn.password = read_text(entry, here);
        } else if (key == "server_name" || key == "ca") {
            if (!tls)
                throw ConfigError(here + ": is of a relay with \"transport\": \"tls\" alone");
            (key == "ca" ? turn.ca : turn.server_name) = read_text(entry, here);
        } else if (key != "transport") {
            throw ConfigError(here + ": unknown; known are server, transport, username, password, server_name, ca");
        }
    }
    if (turn.server.host.empty() || turn.username.empty() || turn.password.empty())
        throw ConfigError(place + ": server, username and password are required");
    return turn;
}

void read_option(Config& config, const std::string& key, const Json& value)
{
    const std::string place = '/' + key;
    const auto milliseconds = [&](int lowest, int highest) {
        return std::chrono::milliseconds(read_integer(value, place, lowest, highest));
    };
    if (key == "stun") {
        for (const auto& entry : read_list(value, place, 4))
            config.stun.push_back(read_server(entry, at(place, config.stun.size())));
    } else if (key == "turn") {
        for (const auto& entry : read_list(value, place, 4))
            config.turn.push_back(read_turn_server(entry, at(place, config.turn.size())));
    } else if (key == "relay_only") {
        config.relay_only = read_bool(value, place);
    } else if (key == "port_mapping") {
        config.port_mapping = shared_port_mapping::read_protocols(value, place);
    } else if (key == "simultaneous_open") {
        config.simultaneous_open = read_bool(value, place);
    } else if (key == "nomination") {
        const std::string mode = read_text(value, place);
        if (mode != "aggressive" && mode != "regular")
            throw ConfigError(place + ": expected \"aggressive\" or \"regular\"");
        config.regular_nomination = mode == "regular";
    } else if (key == "consent") {
        config.consent = read_bool(value, place);
    } else if (key == "pacing_ms") {
        config.pacing = milliseconds(1, 500);
    } else if (key == "connect_timeout_ms") {
        config.connect_timeout = milliseconds(100, 120000);
    } else if (key == "gather_timeout_ms") {
        config.gather_timeout = milliseconds(10, 60000);
    } else if (key == "socket_buffer_bytes") {
        config.socket_buffer_bytes = read_integer(value, place, 16384, 64 * 1024 * 1024);
    } else if (!read_address_option(config.local, key, value)) {
        throw ConfigError(place + ": unknown option");
    }
}

} // namespace

bool Config::has_tcp_relay() const
{
    return std::any_of(turn.begin(), turn.end(),
                       [](const TurnServer& server) { return server.transport != RelayTransport::udp; });
}

std::chrono::milliseconds Config::pacing_on(const std::vector<IpAddress>& local_addresses) const
{
    const bool here = std::all_of(local_addresses.begin(), local_addresses.end(),
                                  [](const IpAddress& address) { return address.is_loopback(); });
    return pacing.value_or(std::chrono::milliseconds(here ? 1 : 5));
}

Config parse_config(std::string_view json)
{
    const Json document = Json::parse(json, nullptr, /*allow_exceptions=*/false);
    if (!document.is_object())
        throw ConfigError(": expected a JSON object");
    Config config;
    for (const auto& [key, value] : document.items())
        read_option(config, key, value);
    if (config.relay_only && config.turn.empty())
        throw ConfigError("/relay_only: needs at least one server in /turn");
    check_address_options(config.local);
    return config;
}

} // namespace jackfield::ice
