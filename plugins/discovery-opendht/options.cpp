// Reads the options and says where something is wrong with them.
//
// Threads: none of its own.
#include "options.hpp"

#include <jackfield/basic.hpp>

#include <nlohmann/json.hpp>

#include <arpa/inet.h>

#include <charconv>

namespace discovery_opendht {
namespace {

using jackfield::ConfigError;
using nlohmann::json;

bool numeric(const Address& address)
{
    in6_addr buffer;
    return inet_pton(address.is_ipv6() ? AF_INET6 : AF_INET, address.host.c_str(), &buffer) == 1;
}

Address address_at(const std::string& pointer, const json& value, std::uint16_t default_port)
{
    if (!value.is_string())
        throw ConfigError(pointer + ": expected \"host:port\"");
    try {
        return parse_address(value.get_ref<const std::string&>(), default_port);
    } catch (const std::invalid_argument& wrong) {
        throw ConfigError(pointer + ": " + wrong.what());
    }
}

} // namespace

std::string Address::text() const
{
    return (is_ipv6() ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Address parse_address(std::string_view text, std::uint16_t default_port)
{
    Address address;
    std::string_view port;
    bool has_port = false;
    if (text.starts_with('[')) {
        const std::size_t end = text.find(']');
        if (end == std::string_view::npos || (end + 1 < text.size() && text[end + 1] != ':'))
            throw std::invalid_argument("\"" + std::string(text) + "\" is not of the form [address]:port");
        address.host = text.substr(1, end - 1);
        has_port = end + 1 < text.size();
        port = has_port ? text.substr(end + 2) : "";
    } else {
        const std::size_t colon = text.rfind(':');
        if (colon != text.find(':'))
            throw std::invalid_argument("\"" + std::string(text) +
                                        "\": an IPv6 address stands in brackets: [::1]:4222");
        address.host = text.substr(0, colon);
        has_port = colon != std::string_view::npos;
        port = has_port ? text.substr(colon + 1) : "";
    }
    address.port = default_port;
    if (has_port) {
        const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
        if (error != std::errc() || end != port.data() + port.size())
            throw std::invalid_argument("\"" + std::string(port) + "\" is not a port from 0 to 65535");
    }
    if (address.host.empty())
        throw std::invalid_argument("\"" + std::string(text) + "\" has no host");
    return address;
}

Options parse_options(std::string_view config_json)
{
    const json config = json::parse(config_json, nullptr, /*allow_exceptions=*/false);
    if (!config.is_object())
        throw ConfigError(": expected an object");
    Options options;
    try {
        options.network = config.value("network", options.network);
        options.public_rate_limits = config.value("public_rate_limits", options.public_rate_limits);
        options.ipv6 = config.value("ipv6", options.ipv6);
        options.peer_discovery = config.value("peer_discovery", options.peer_discovery);
        if (config.contains("bootstrap") && !config["bootstrap"].is_array())
            throw ConfigError("/bootstrap: expected a list of \"host:port\"");
    } catch (const json::exception& wrong) {
        throw ConfigError(std::string(": ") + wrong.what());
    }
    if (config.contains("listen"))
        options.listen = address_at("/listen", config["listen"], 0);
    if (!numeric(options.listen))
        throw ConfigError("/listen: \"" + options.listen.host +
                          "\" is not a numeric address; 0.0.0.0 (every interface) or 127.0.0.1 would work");
    if (config.contains("bootstrap")) {
        for (std::size_t i = 0; i < config["bootstrap"].size(); ++i) {
            const std::string pointer = "/bootstrap/" + std::to_string(i);
            const Address address = address_at(pointer, config["bootstrap"][i], kDefaultPort);
            if (address.port == 0)
                throw ConfigError(pointer + ": port 0 is nobody's; " + std::to_string(kDefaultPort) + " is usual");
            if (address.is_ipv6() && !options.ipv6 && !options.listen.is_ipv6())
                throw ConfigError(pointer + ": an IPv6 address, but /ipv6 is false");
            options.bootstrap.push_back(address);
        }
    }
    return options;
}

} // namespace discovery_opendht
