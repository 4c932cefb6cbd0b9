// What all connections of an instance share: our chain and key, versions, ciphers, groups.
//
// Threads: made on the control thread, afterwards only read. Lifetime: outlives its connections.
#pragma once

#include <shared/gnutls/credentials.hpp>

namespace secure_gnutls {

class Context {
public:
    /// verify: asked for each chain that a peer shows, see Engine. Throws Failure if GnuTLS lacks something this plugin
    /// needs.
    Context(const shared_tls::Settings& settings, gnutls_certificate_verify_function* verify)
        : stream_(shared_gnutls::make_priority(settings.allow_tls12 ? ":+VERS-TLS1.3:+VERS-TLS1.2" : ":+VERS-TLS1.3")),
          datagram_(shared_gnutls::make_priority(":+VERS-DTLS1.2")),
          credentials_(verify)
    {}

    /// Who we are. Throws Failure with the reason, for example a chain that does not fit its key.
    void use_credentials(const shared_tls::Credentials& ours) { credentials_.use(ours); }

    gnutls_priority_t priority(bool datagrams) const { return datagrams ? datagram_.get() : stream_.get(); }
    gnutls_certificate_credentials_t credentials() const { return credentials_.handle(); }

private:
    shared_gnutls::Priority stream_;
    shared_gnutls::Priority datagram_;
    shared_gnutls::OurCredentials credentials_;
};

} // namespace secure_gnutls
