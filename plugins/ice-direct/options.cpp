// Reads the JSON configuration; what its options have in common with other plugins' is read in shared/ice.
//
// Threads: pure functions.
#include "options.hpp"

#include <jackfield/basic.hpp>
#include <shared/port_mapping/session_ports.hpp>

namespace jackfield::direct {

namespace {

void read_option(Options& options, const std::string& key, const nlohmann::json& value)
{
    const std::string place = '/' + key;
    const auto milliseconds = [&](int lowest, int highest) {
        return std::chrono::milliseconds(ice::read_integer(value, place, lowest, highest));
    };
    if (key == "advertise")
        options.advertise = ice::read_addresses(value, place);
    else if (key == "port_mapping")
        options.port_mapping = shared_port_mapping::read_protocols(value, place);
    else if (key == "gather_timeout_ms")
        options.gather_timeout = milliseconds(10, 60000);
    else if (key == "attempt_delay_ms")
        options.attempt_delay = milliseconds(10, 2000);
    else if (key == "connect_timeout_ms")
        options.connect_timeout = milliseconds(100, 120000);
    else if (key == "silence_limit_ms")
        options.silence_limit = milliseconds(500, 120000);
    else if (key == "socket_buffer_bytes")
        options.socket_buffer_bytes = ice::read_integer(value, place, 16384, 64 * 1024 * 1024);
    else if (!ice::read_address_option(options.local, key, value))
        throw ConfigError(place + ": unknown option");
}

} // namespace

Options parse_options(std::string_view json)
{
    const auto document = nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
    if (!document.is_object())
        throw ConfigError(": expected a JSON object");
    Options options;
    for (const auto& [key, value] : document.items())
        read_option(options, key, value);
    ice::check_address_options(options.local);
    return options;
}

} // namespace jackfield::direct
