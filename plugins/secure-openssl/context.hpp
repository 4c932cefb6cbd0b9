// What all connections of an instance share: our certificate chain and key, versions, ciphers, groups.
//
// Threads: made on the control thread, afterwards only read. Lifetime: OpenSSL counts references, so an engine may
// outlive it.
#pragma once

#include "openssl_ptr.hpp"
#include "settings.hpp"

#include <string>

namespace secure_openssl {

/// Who we are, as an SSL_CTX wants to know it.
struct Credentials {
    std::string chain_pem;
    std::string key_pem;
};

/// One for TLS over streams or for DTLS over datagrams. Throws Failure with the reason, for example a chain that does
/// not fit its key.
ContextPtr make_context(const Settings& settings, bool datagrams, const Credentials& credentials);

} // namespace secure_openssl
