// What all connections of an instance share: our certificate chain and key, versions, ciphers, groups.
//
// Threads: made on the control thread, afterwards only read. Lifetime: OpenSSL counts references, so an engine may
// outlive it.
#pragma once

#include <shared/openssl/openssl_ptr.hpp>

#include <shared/tls/channel.hpp>

namespace secure_openssl {

using namespace shared_openssl;

/// One for TLS over streams or for DTLS over datagrams, still without credentials. Throws Failure if OpenSSL lacks
/// something this plugin needs.
ContextPtr make_context(const shared_tls::Settings& settings, bool datagrams);

/// For all connections made of this context from now on. Throws Failure with the reason, for example a chain that does
/// not fit its key.
void use_credentials(SSL_CTX* context, const shared_tls::Credentials& credentials);

} // namespace secure_openssl
