// What all connections of an instance share: our certificate chain and key, versions, ciphers, groups.
//
// Threads: made on the control thread, afterwards only read. Lifetime: OpenSSL counts references, so an engine may
// outlive it.
#pragma once

#include "openssl_ptr.hpp"
#include "settings.hpp"

#include <string>

namespace secure_openssl {

/// One for TLS over streams or for DTLS over datagrams, still without credentials. Throws Failure if OpenSSL lacks
/// something this plugin needs.
ContextPtr make_context(const Settings& settings, bool datagrams);

/// Who we are.
struct Credentials {
    std::string chain_pem;
    std::string key_pem;
};

/// For all connections made of this context from now on. Throws Failure with the reason, for example a chain that does
/// not fit its key.
void use_credentials(SSL_CTX* context, const Credentials& credentials);

} // namespace secure_openssl
