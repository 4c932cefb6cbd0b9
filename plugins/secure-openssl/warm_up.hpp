// Makes the first handshake cost like the second.
//
// Threads: control, inside create.
#pragma once

#include <shared/openssl/openssl_ptr.hpp>

#include <shared/tls/settings.hpp>

namespace secure_openssl {

using namespace shared_openssl;

/// Loads algorithms, curve tables and the random generator by a handshake in memory with a throw-away certificate. The
/// context stays without credentials. Throws Failure if OpenSSL lacks something this plugin needs.
void warm_up(const shared_tls::Settings& settings, bool datagrams, SSL_CTX* context);

} // namespace secure_openssl
