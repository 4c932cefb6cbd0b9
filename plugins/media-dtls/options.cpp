// Reads the plugin's configuration; errors begin with the JSON pointer of the value.
//
// Threads: control.
#include "options.hpp"

#include <shared/srtp/suite_options.hpp>

#include <nlohmann/json.hpp>

namespace jackfield::media_dtls {

namespace {

std::uint32_t read_number(const nlohmann::json& config, const char* name, std::uint32_t otherwise, std::uint32_t least,
                          std::uint32_t most)
{
    const nlohmann::json value = config.value(name, nlohmann::json(otherwise));
    if (!value.is_number_integer() || value.get<std::int64_t>() < least || value.get<std::int64_t>() > most)
        throw ConfigError("/" + std::string(name) + ": expected a whole number from " + std::to_string(least) + " to " +
                          std::to_string(most));
    return value.get<std::uint32_t>();
}

} // namespace

Options read_options(std::string_view config_json)
{
    Options options;
    static_cast<rtp::RtpOptions&>(options) = rtp::read_rtp_options(config_json);
    const auto config = nlohmann::json::parse(config_json);
    options.suites = srtp::read_suites(config);
    options.mtu_bytes = read_number(config, "mtu_bytes", 1200, 256, 1400);
    options.retransmit_ms = read_number(config, "retransmit_ms", 100, 20, 1000);
    options.handshake_limit =
        std::chrono::milliseconds(read_number(config, "handshake_timeout_ms", 10000, 100, 120000));
    return options;
}

} // namespace jackfield::media_dtls
