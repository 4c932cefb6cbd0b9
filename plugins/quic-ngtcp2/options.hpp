// The options of a connection, read once in create.
//
// Threads: any; never changes afterwards.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace quic_ngtcp2 {

enum class Congestion { cubic, reno, bbr2 };

struct Options {
    std::uint32_t mtu_bytes = 1200;
    std::uint32_t retransmit_ms = 100;
    std::uint32_t handshake_timeout_ms = 10'000;
    std::uint32_t idle_timeout_ms = 30'000;
    std::uint32_t window_bytes = 256 * 1024;          // of a channel, to begin with
    std::uint32_t max_window_bytes = 8 * 1024 * 1024; // and at most
    std::uint32_t max_channels = 64;
    Congestion congestion = Congestion::cubic;
};

/// Throws jackfield::ConfigError. The kernel has checked the configuration against the plugin's schema; the ranges are
/// checked again for other hosts.
Options read_options(std::string_view config_json);

} // namespace quic_ngtcp2
