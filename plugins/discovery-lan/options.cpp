// See options.hpp.
#include "options.hpp"

#include <jackfield/plugin.hpp>

#include <asio/ip/address_v4.hpp>

#include <nlohmann/json.hpp>

namespace discovery_lan {

Options parse_options(std::string_view config_json)
{
    const auto config = nlohmann::json::parse(config_json, nullptr, /*allow_exceptions=*/false);
    if (!config.is_object())
        throw jackfield::ConfigError(": expected a JSON object");
    Options options;
    options.port = config.value("port", options.port);
    for (const auto& address : config.value("addresses", nlohmann::json::array())) {
        const std::string pointer = "/addresses/" + std::to_string(options.addresses.size());
        const auto text = address.get<std::string>();
        asio::error_code wrong;
        asio::ip::make_address_v4(text, wrong);
        if (wrong)
            throw jackfield::ConfigError(pointer + ": \"" + text +
                                         "\" is no numeric IPv4 address; 192.0.2.7 would be one");
        options.addresses.push_back(text);
    }
    return options;
}

} // namespace discovery_lan
