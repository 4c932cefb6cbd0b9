// See options.hpp.
#include "options.hpp"

#include <jackfield/basic.hpp>
#include <jackfield/plugin.hpp>

#include <nlohmann/json.hpp>

namespace discovery_static {

Options parse_options(std::string_view config_json)
{
    const auto config = nlohmann::json::parse(config_json, nullptr, /*allow_exceptions=*/false);
    if (!config.is_object())
        throw jackfield::ConfigError(": expected a JSON object");
    Options options;
    options.listen = config.value("listen", options.listen);
    for (const auto& peer : config.value("peers", nlohmann::json::array())) {
        const auto account = peer["account"].get<std::string>();
        if (!options.peers.emplace(account, peer["address"].get<std::string>()).second)
            throw jackfield::ConfigError("/peers: account " + account + " stands there twice; once would work");
    }
    return options;
}

std::pair<std::string, std::string> split(const std::string& address)
{
    const auto colon = address.rfind(':');
    std::string host = address.substr(0, colon);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']')
        host = host.substr(1, host.size() - 2);
    return {host, colon == std::string::npos ? "" : address.substr(colon + 1)};
}

std::string text_of(const asio::ip::tcp::endpoint& endpoint)
{
    const auto host = endpoint.address().to_string();
    return (endpoint.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(endpoint.port());
}

} // namespace discovery_static
