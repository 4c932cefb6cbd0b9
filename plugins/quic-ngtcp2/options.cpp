// Reads the configuration. See options.hpp.
//
// Threads: control.
#include "options.hpp"

#include <shared/tls/numbers.hpp>

namespace quic_ngtcp2 {

Options read_options(std::string_view config_json)
{
    const auto config =
        nlohmann::json::parse(config_json, nullptr, /*allow_exceptions=*/false, /*ignore_comments=*/true);
    if (!config.is_object())
        throw jackfield::ConfigError("/: expected an object");

    Options options;
    using shared_tls::read_number;
    read_number(config, "mtu", 1200, 1452, options.mtu_bytes);
    read_number(config, "retransmit_ms", 10, 10'000, options.retransmit_ms);
    read_number(config, "handshake_timeout_ms", 100, 120'000, options.handshake_timeout_ms);
    read_number(config, "idle_timeout_ms", 1000, 600'000, options.idle_timeout_ms);
    read_number(config, "window_bytes", 65'536, 16'777'216, options.window_bytes);
    options.max_window_bytes = std::max(options.max_window_bytes, options.window_bytes);
    read_number(config, "max_window_bytes", 65'536, 67'108'864, options.max_window_bytes);
    if (options.max_window_bytes < options.window_bytes)
        throw jackfield::ConfigError("/max_window_bytes: is less than window_bytes, from which a window grows");
    read_number(config, "max_channels", 1, 1024, options.max_channels);
    const auto congestion = config.value("congestion", nlohmann::json("cubic"));
    if (congestion == "reno")
        options.congestion = Congestion::reno;
    else if (congestion == "bbr2")
        options.congestion = Congestion::bbr2;
    else if (congestion != "cubic")
        throw jackfield::ConfigError("/congestion: expected \"cubic\", \"reno\" or \"bbr2\"");
    return options;
}

} // namespace quic_ngtcp2
