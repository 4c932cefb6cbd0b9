// GnuTLS as QUIC wants it. See engine.hpp.
#include "engine.hpp"

#include <ngtcp2/ngtcp2_crypto_gnutls.h>
#include <shared/gnutls/failures.hpp>

namespace quic_ngtcp2 {

namespace {

constexpr std::size_t kLargestHandshakeMessage = 32 * 1024; // three RSA-4096 certificates are about 5 KiB

gnutls_datum_t protocol()
{
    auto* name = reinterpret_cast<unsigned char*>(const_cast<char*>(kProtocol.data())); // read only
    return {name, static_cast<unsigned int>(kProtocol.size())};
}

} // namespace

// RFC 9001 section 8.4: there is no compatibility mode of middleboxes in QUIC.
Engine::Engine(gnutls_certificate_verify_function* verify)
    : priority_(shared_gnutls::make_priority(":+VERS-TLS1.3", ":%DISABLE_TLS13_COMPAT_MODE")), credentials_(verify)
{}

shared_gnutls::Session Engine::make_session(bool client, ngtcp2_crypto_conn_ref* connection) const
{
    using shared_gnutls::require;
    gnutls_session_t made = nullptr;
    const unsigned int flags = (client ? GNUTLS_CLIENT : GNUTLS_SERVER) | GNUTLS_NO_TICKETS |
                               GNUTLS_NO_AUTO_SEND_TICKET | GNUTLS_FORCE_CLIENT_CERT | GNUTLS_KEY_SHARE_TOP;
    require(gnutls_init(&made, flags), "connection");
    shared_gnutls::Session session(made);
    gnutls_session_set_ptr(made, connection);
    require(gnutls_priority_set(made, priority_.get()), "versions and ciphers");
    require(gnutls_credentials_set(made, GNUTLS_CRD_CERTIFICATE, credentials_.handle()), "credentials");
    gnutls_certificate_server_set_request(made, GNUTLS_CERT_REQUIRE);
    gnutls_handshake_set_max_packet_length(made, kLargestHandshakeMessage);
    const gnutls_datum_t ours = protocol();
    require(gnutls_alpn_set_protocols(made, &ours, 1, GNUTLS_ALPN_MANDATORY), "the name of our protocol");
    const int code = client ? ngtcp2_crypto_gnutls_configure_client_session(made)
                            : ngtcp2_crypto_gnutls_configure_server_session(made);
    if (code != 0)
        throw jackfield::Failure(JF_INTERNAL, "ngtcp2 could not take GnuTLS's session");
    return session;
}

bool speaks_our_protocol(gnutls_session_t session)
{
    gnutls_datum_t chosen{nullptr, 0};
    return gnutls_alpn_get_selected_protocol(session, &chosen) == 0 &&
           std::string_view(reinterpret_cast<const char*>(chosen.data), chosen.size) == kProtocol;
}

} // namespace quic_ngtcp2
