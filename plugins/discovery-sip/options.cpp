// Reads the options and says where something is wrong with them.
//
// Threads: none of its own.
#include "options.hpp"

#include <shared/sip/header_value.hpp>

#include <jackfield/basic.hpp>

#include <nlohmann/json.hpp>

#include <arpa/inet.h>

#include <array>
#include <fstream>

namespace discovery_sip {

namespace {

using jackfield::ConfigError;
using Json = nlohmann::json;

constexpr std::size_t kLongestPassword = 1024;

std::string text_at(const Json& config, const char* name)
{
    const auto found = config.find(name);
    if (found == config.end())
        return {};
    if (!found->is_string())
        throw ConfigError("/" + std::string(name) + ": expected a text");
    return found->get<std::string>();
}

Uri address_of_record(const Json& config)
{
    const std::string text = text_at(config, "aor");
    const auto uri = shared_sip::read_uri(text);
    if (!uri || uri->user.empty() || !uri->parameters.empty())
        throw ConfigError("/aor: \"" + text + "\" is no SIP address of a user; \"sip:alice@example.net\" would be one");
    return *shared_sip::read_uri(uri->canonical());
}

Transport transport_of(const Json& config, const Uri& aor)
{
    const std::string text = config.value("transport", aor.scheme == "sips" ? "tls" : "udp");
    if (aor.scheme == "sips" && text != "tls")
        throw ConfigError("/transport: \"" + text + "\" does not suit a sips: address; \"tls\" would");
    if (text != "udp" && text != "tcp" && text != "tls")
        throw ConfigError("/transport: \"" + text + "\" is not known; \"udp\", \"tcp\" and \"tls\" are");
    return text == "udp" ? Transport::udp : text == "tcp" ? Transport::tcp : Transport::tls;
}

std::optional<HostPort> host_at(const Json& config, const char* name, std::uint16_t default_port)
{
    const std::string text = text_at(config, name);
    if (!config.contains(name))
        return std::nullopt;
    auto host = shared_sip::read_host_port(text);
    if (!host)
        throw ConfigError("/" + std::string(name) + ": \"" + text +
                          "\" is not of the form host or host:port; \"sip.example.net:5060\" would be");
    if (host->port == 0)
        host->port = default_port;
    return host;
}

/// The first line, without its end.
std::string read_password(const std::string& file)
{
    std::ifstream in(file);
    std::string line;
    if (!in || !std::getline(in, line))
        throw ConfigError("/password_file: \"" + file +
                          "\" cannot be read, or is empty; a file of one line would work");
    if (line.ends_with('\r'))
        line.pop_back();
    if (line.size() > kLongestPassword)
        throw ConfigError("/password_file: \"" + file + "\" has a line of more than 1024 bytes");
    return line;
}

std::optional<std::string> password_of(const Json& config)
{
    const bool in_a_file = config.contains("password_file");
    if (config.contains("password") && in_a_file)
        throw ConfigError("/password: stands beside password_file; one of the two would work");
    if (in_a_file)
        return read_password(text_at(config, "password_file"));
    if (config.contains("password"))
        return text_at(config, "password");
    return std::nullopt;
}

std::string bind_of(const Json& config)
{
    std::string text = text_at(config, "bind");
    std::array<unsigned char, sizeof(in6_addr)> address{};
    if (!text.empty() && inet_pton(AF_INET, text.c_str(), address.data()) != 1 &&
        inet_pton(AF_INET6, text.c_str(), address.data()) != 1)
        throw ConfigError("/bind: \"" + text + "\" is no IP address; \"192.0.2.1\" would be one");
    return text;
}

} // namespace

std::string Options::via_transport() const
{
    return transport == Transport::udp ? "UDP" : transport == Transport::tcp ? "TCP" : "TLS";
}

std::string Options::uri_parameter() const
{
    return transport == Transport::udp ? "" : transport == Transport::tcp ? ";transport=tcp" : ";transport=tls";
}

Options parse_options(std::string_view config_json)
{
    const Json config = Json::parse(config_json, nullptr, /*allow_exceptions=*/false);
    if (!config.is_object())
        throw ConfigError(": expected a JSON object");
    Options options;
    options.aor = address_of_record(config);
    options.transport = transport_of(config, options.aor);
    const std::uint16_t port = options.default_port();
    HostPort home = options.aor.where;
    home.port = home.port != 0 ? home.port : port;
    options.registrar = host_at(config, "registrar", port).value_or(home);
    options.outbound_proxy = host_at(config, "outbound_proxy", port);
    options.user = config.contains("user") ? text_at(config, "user") : options.aor.user;
    options.password = password_of(config);
    options.realm = text_at(config, "realm");
    options.expires = std::chrono::seconds(config.value("expires_s", options.expires.count()));
    options.bind = bind_of(config);
    options.port = config.value("port", options.port);
    options.from_anyone = config.value("accept_from", "proxy") == "anyone";
    options.keep_alive = std::chrono::seconds(config.value("keepalive_s", options.keep_alive.count()));
    options.tls.ca_file = text_at(config, "ca_file");
    options.tls.server_name = shared_sip::to_lower(text_at(config, "server_name"));
    options.tls.verify = config.value("verify", true);
    if (options.transport != Transport::tls) {
        for (const char* only_tls : {"ca_file", "server_name", "verify"}) {
            if (config.contains(only_tls))
                throw ConfigError("/" + std::string(only_tls) +
                                  ": is for TLS; with \"transport\": \"tls\" it would work");
        }
    }
    if (options.transport != Transport::udp && config.value("accept_from", "proxy") == "anyone")
        throw ConfigError("/accept_from: \"anyone\" is for UDP; over a connection only the server writes to us, so "
                          "\"proxy\" would work");
    return options;
}

} // namespace discovery_sip
