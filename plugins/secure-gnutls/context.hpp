// What all connections of an instance share: our chain and key, versions, ciphers, groups.
//
// Threads: made on the control thread, afterwards only read. Lifetime: outlives its connections.
#pragma once

#include "gnutls_ptr.hpp"

#include <shared/tls/channel.hpp>

namespace secure_gnutls {

class Context {
public:
    /// verify: asked for each chain that a peer shows, see Engine. Throws Failure if GnuTLS lacks something this plugin
    /// needs.
    Context(const shared_tls::Settings& settings, gnutls_certificate_verify_function* verify);

    /// Who we are. Throws Failure with the reason, for example a chain that does not fit its key.
    void use_credentials(const shared_tls::Credentials& ours);

    gnutls_priority_t priority(bool datagrams) const { return datagrams ? datagram_.get() : stream_.get(); }
    gnutls_certificate_credentials_t credentials() const { return credentials_.get(); }

private:
    Priority stream_;
    Priority datagram_;
    CertificateCredentials credentials_;
};

} // namespace secure_gnutls
