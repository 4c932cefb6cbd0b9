// Fills what Mbed TLS fills at first use without a lock: its AES tables.
//
// Threads: control, inside create.
#pragma once

namespace secure_mbedtls {

/// Throws Failure if Mbed TLS lacks something this plugin needs.
void warm_up();

} // namespace secure_mbedtls
