// The options that secure channels by a TLS library have in common, read once in create.
//
// Threads: any; never changes afterwards.
#pragma once

#include <cstdint>
#include <string_view>

namespace shared_tls {

struct Settings {
    bool allow_tls12 = false; ///< for plugins that can speak TLS 1.3
    std::uint32_t mtu_bytes = 1200;
    std::uint32_t retransmit_ms = 100;
    std::uint32_t handshake_timeout_ms = 10'000;
    bool hello_verify = false; ///< whoever we shake hands with over datagrams, connectivity has checked
};

/// Throws jackfield::ConfigError. The kernel has checked the configuration against the plugin's schema; the ranges are
/// checked again for other hosts.
Settings read_settings(std::string_view config_json);

} // namespace shared_tls
