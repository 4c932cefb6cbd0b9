// Makes the first handshake cost like the second.
//
// Threads: control, inside create.
#pragma once

#include "settings.hpp"

namespace secure_openssl {

/// Loads algorithms, curve tables and the random generator by two handshakes in memory with throw-away certificates.
/// Throws Failure if OpenSSL lacks something this plugin needs.
void warm_up(const Settings& settings);

} // namespace secure_openssl
