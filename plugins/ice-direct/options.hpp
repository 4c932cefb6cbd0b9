// The configuration of one instance, read once and constant from then on. Options are described in the schema.
//
// Threads: constant after construction.
#pragma once

#include <shared/ice/address_options.hpp>
#include <shared/port_mapping/mapping.hpp>

#include <chrono>

namespace jackfield::direct {

struct Options {
    ice::AddressOptions local;
    std::vector<ice::IpAddress> advertise; // shown to the peer in place of the local ones, if there are any
    std::vector<shared_port_mapping::Protocol> port_mapping; // none: no router is asked
    std::chrono::milliseconds attempt_delay{250};
    std::chrono::milliseconds connect_timeout{10000};
    std::chrono::milliseconds gather_timeout{2000};
    std::chrono::milliseconds silence_limit{10000};
    int socket_buffer_bytes = 1024 * 1024;
};

/// Throws ConfigError.
Options parse_options(std::string_view json);

} // namespace jackfield::direct
