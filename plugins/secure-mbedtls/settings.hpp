// The configuration of the plugin, read once in create.
//
// Threads: any; never changes afterwards.
#pragma once

#include <cstdint>
#include <string_view>

namespace secure_mbedtls {

struct Settings {
    std::uint32_t mtu_bytes = 1200;
    std::uint32_t retransmit_ms = 100;
    std::uint32_t handshake_timeout_ms = 10'000;
    bool hello_verify = true;
};

/// Throws jackfield::ConfigError.
Settings read_settings(std::string_view config_json);

} // namespace secure_mbedtls
