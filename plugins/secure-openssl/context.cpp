// Builds an SSL_CTX: mutual certificates, forward secrecy and AEAD only, nothing that outlives a connection.
//
// Threads: control.
#include "context.hpp"

#include "engine.hpp"
#include <shared/openssl/failures.hpp>

#include <openssl/err.h>
#include <openssl/pem.h>

#include <vector>

namespace secure_openssl {
namespace {

constexpr long kLargestChainBytes = 32 * 1024; // three RSA-4096 certificates are about 5 KiB
constexpr auto kTls13Ciphers = "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384";
constexpr auto kTls12Ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
                               "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
                               "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384";
constexpr auto kGroups = "X25519:P-256:P-384";
constexpr auto kSignatures = "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ed25519:"
                             "rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:rsa_pss_rsae_sha512:"
                             "RSA+SHA256:RSA+SHA384:RSA+SHA512";

BioPtr open_text(const std::string& text)
{
    BioPtr bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    require(bio != nullptr, "memory BIO");
    return bio;
}

void use_chain(SSL_CTX* context, const std::string& chain_pem)
{
    const BioPtr bio = open_text(chain_pem);
    const CertificatePtr leaf(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    require(leaf != nullptr, "our own certificate cannot be read");
    require(SSL_CTX_use_certificate(context, leaf.get()) == 1, "our own certificate cannot be used");
    SSL_CTX_clear_chain_certs(context);
    for (;;) {
        const CertificatePtr issuer(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
        if (issuer == nullptr)
            break;
        require(SSL_CTX_add1_chain_cert(context, issuer.get()) == 1, "our own chain cannot be used");
    }
    ERR_clear_error(); // the end of the text is no error
}

void use_key(SSL_CTX* context, const std::string& key_pem)
{
    const BioPtr bio = open_text(key_pem);
    const KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
    require(key != nullptr, "our own private key cannot be read");
    require(SSL_CTX_use_PrivateKey(context, key.get()) == 1, "our own private key cannot be used");
    require(SSL_CTX_check_private_key(context) == 1, "our own key and certificate do not belong together");
}

void set_versions(SSL_CTX* context, const shared_tls::Settings& settings, bool datagrams)
{
    const int oldest = datagrams ? DTLS1_2_VERSION : settings.allow_tls12 ? TLS1_2_VERSION : TLS1_3_VERSION;
    const int newest = datagrams ? DTLS1_2_VERSION : TLS1_3_VERSION;
    require(SSL_CTX_set_min_proto_version(context, oldest) == 1, "oldest version");
    require(SSL_CTX_set_max_proto_version(context, newest) == 1, "newest version");
}

void set_algorithms(SSL_CTX* context)
{
    SSL_CTX_set_security_level(context, 2); // RFC 5246 with at least 112 bits, whatever the system's openssl.cnf says
    require(SSL_CTX_set_ciphersuites(context, kTls13Ciphers) == 1, "ciphers of TLS 1.3");
    require(SSL_CTX_set_cipher_list(context, kTls12Ciphers) == 1, "ciphers of TLS 1.2");
    require(SSL_CTX_set1_groups_list(context, kGroups) == 1, "groups");
    require(SSL_CTX_set1_sigalgs_list(context, kSignatures) == 1, "signature algorithms");
}

/// No tickets, no resumption, no renegotiation, no compression.
void forget_everything(SSL_CTX* context)
{
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_QUERY_MTU);
    SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(context, SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_set_max_cert_list(context, kLargestChainBytes);
}

} // namespace

ContextPtr make_context(const shared_tls::Settings& settings, bool datagrams)
{
    ContextPtr context(SSL_CTX_new(datagrams ? DTLS_method() : TLS_method()));
    require(context != nullptr, "SSL_CTX");
    set_versions(context.get(), settings, datagrams);
    set_algorithms(context.get());
    forget_everything(context.get());
    if (datagrams && settings.hello_verify)
        SSL_CTX_set_options(context.get(), SSL_OP_COOKIE_EXCHANGE);
    Engine::install(context.get());
    return context;
}

void use_credentials(SSL_CTX* context, const shared_tls::Credentials& credentials)
{
    use_chain(context, credentials.chain_pem);
    use_key(context, credentials.key_pem);
}

} // namespace secure_openssl
