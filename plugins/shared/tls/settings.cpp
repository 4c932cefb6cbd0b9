// Reads the configuration. See settings.hpp.
//
// Threads: control.
#include "settings.hpp"

#include "numbers.hpp"

namespace shared_tls {

using nlohmann::json;

Settings read_settings(std::string_view config_json)
{
    const json config = json::parse(config_json, nullptr, /*allow_exceptions=*/false, /*ignore_comments=*/true);
    if (!config.is_object())
        throw jackfield::ConfigError("/: expected an object");

    Settings settings;
    if (const auto version = config.find("min_version"); version != config.end()) {
        if (*version != "1.3" && *version != "1.2")
            throw jackfield::ConfigError("/min_version: expected \"1.3\" or \"1.2\"");
        settings.allow_tls12 = *version == "1.2";
    }
    read_number(config, "mtu", 512, 16384, settings.mtu_bytes);
    read_number(config, "retransmit_ms", 10, 10'000, settings.retransmit_ms);
    read_number(config, "handshake_timeout_ms", 100, 120'000, settings.handshake_timeout_ms);
    if (const auto verify = config.find("hello_verify"); verify != config.end()) {
        if (!verify->is_boolean())
            throw jackfield::ConfigError("/hello_verify: expected true or false");
        settings.hello_verify = verify->get<bool>();
    }
    return settings;
}

} // namespace shared_tls
