// TLS 1.3 inside QUIC by GnuTLS (RFC 9001): what all connections share, and the part of one.
//
// Threads: Credentials are made on the control thread, afterwards only read; a session belongs to its connection's
// lock. Lifetime: the shared part outlives the connections.
#pragma once

#include <shared/gnutls/credentials.hpp>

#include <ngtcp2/ngtcp2_crypto.h>

#include <string_view>

namespace quic_ngtcp2 {

/// What both ends must speak above QUIC (RFC 7301).
inline constexpr std::string_view kProtocol = "jackfield/1";

class Engine {
public:
    /// verify: asked for each chain that a peer shows. Throws Failure if GnuTLS lacks something this plugin needs.
    explicit Engine(gnutls_certificate_verify_function* verify);

    void use_credentials(const shared_tls::Credentials& ours) { credentials_.use(ours); }

    /// The TLS of one connection, to be asked about through `connection`. Throws Failure.
    shared_gnutls::Session make_session(bool client, ngtcp2_crypto_conn_ref* connection) const;

private:
    shared_gnutls::Priority priority_;
    shared_gnutls::OurCredentials credentials_;
};

/// Whether the peer speaks our protocol.
bool speaks_our_protocol(gnutls_session_t session);

} // namespace quic_ngtcp2
