// Who we are, in GnuTLS's hands; what it may agree to; and what it says of a connection.
//
// Threads: made on the control thread, afterwards only read; what asks a session, on that session's thread.
// Lifetime: outlives the connections that use it.
#pragma once

#include "gnutls_ptr.hpp"

#include <shared/tls/channel.hpp>

namespace shared_gnutls {

class OurCredentials {
public:
    /// verify: asked for each chain that a peer shows.
    explicit OurCredentials(gnutls_certificate_verify_function* verify);

    /// Who we are. Throws Failure with the reason, for example a chain that does not fit its key.
    void use(const shared_tls::Credentials& ours);

    gnutls_certificate_credentials_t handle() const { return credentials_.get(); }

private:
    CertificateCredentials credentials_;
};

/// versions: ":+VERS-TLS1.3". more: further words for the end of GnuTLS's priority string. Throws Failure if the
/// library lacks something that is asked for.
Priority make_priority(std::string_view versions, std::string_view more = {});

/// The chain as the peer sent it, leaf first. Throws Failure JF_UNAUTHENTICATED if there is none, or one too long.
std::string peer_chain_pem(gnutls_session_t session);

/// "X25519"; empty if it is none of those we ask for.
std::string group_name(gnutls_session_t session);

/// RFC 5705; an empty context is no context. Throws Failure.
jackfield::Bytes export_key_material(gnutls_session_t session, std::string_view label, jackfield::ByteView context,
                                     std::size_t size);

} // namespace shared_gnutls
