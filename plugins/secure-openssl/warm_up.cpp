// Two engines with a throw-away certificate.
//
// Threads: control. Lifetime: all of it ends with the call; what stays are OpenSSL's own tables.
#include "warm_up.hpp"

#include "engine.hpp"
#include <shared/openssl/failures.hpp>

#include <shared/tls/rehearsal.hpp>

namespace secure_openssl {
namespace {

/// A self-signed certificate that nobody outside this file ever sees.
struct ThrowAway {
    ThrowAway() : key(EVP_EC_gen("P-256")), certificate(X509_new())
    {
        require(key != nullptr && certificate != nullptr, "a P-256 key and its certificate");
        X509_set_version(certificate.get(), X509_VERSION_3);
        ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
        X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
        X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
        require(X509_set_pubkey(certificate.get(), key.get()) == 1, "certificate");
        require(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0, "an ECDSA signature");
    }
    KeyPtr key;
    CertificatePtr certificate;
};

} // namespace

void warm_up(const shared_tls::Settings& settings, bool datagrams, SSL_CTX* context)
{
    const ThrowAway ours;
    const auto anyone = [](const std::string&) { return jackfield::Device(); };
    shared_tls::Pipe to_server;
    shared_tls::Pipe to_client;
    Engine client(context, {true, datagrams, settings.hello_verify, settings.mtu_bytes, 60'000}, anyone, to_server);
    Engine server(context, {false, datagrams, settings.hello_verify, settings.mtu_bytes, 60'000}, anyone, to_client);
    client.show(ours.certificate.get(), ours.key.get());
    server.show(ours.certificate.get(), ours.key.get());
    shared_tls::rehearse(client, to_server, server, to_client);
}

} // namespace secure_openssl
