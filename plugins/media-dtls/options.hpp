// The plugin's configuration, see media-dtls.schema.json.
//
// Threads: read on control when the instance is made, constant afterwards.
#pragma once

#include <jackfield/host.hpp>
#include <shared/rtp/options.hpp>
#include <shared/srtp/suites.hpp>

namespace jackfield::media_dtls {

struct Options : rtp::RtpOptions {
    std::vector<const rtp::Suite*> suites; ///< in order of preference
    std::uint32_t mtu_bytes = 1200;
    std::uint32_t retransmit_ms = 100; ///< the first time; it doubles
    Nanoseconds handshake_limit{};     ///< counted from the first packet that it holds up
};

/// Throws ConfigError.
Options read_options(std::string_view config_json);

} // namespace jackfield::media_dtls
