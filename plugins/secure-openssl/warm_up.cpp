// Two engines shake hands in memory, once over a stream and once over datagrams.
//
// Threads: control. Lifetime: all of it ends with the call; what stays are OpenSSL's own tables.
#include "warm_up.hpp"

#include "context.hpp"
#include "engine.hpp"
#include "failures.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <deque>

namespace secure_openssl {
namespace {

using jackfield::HandshakeProgress;

std::string text_of(BIO* bio)
{
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return {data, static_cast<std::size_t>(size)};
}

/// A self-signed certificate that nobody outside this file ever sees.
Credentials throw_away_credentials()
{
    const KeyPtr key(EVP_EC_gen("P-256"));
    require(key != nullptr, "a P-256 key");
    const CertificatePtr certificate(X509_new());
    require(certificate != nullptr, "certificate");
    X509_set_version(certificate.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    require(X509_set_pubkey(certificate.get(), key.get()) == 1, "certificate");
    require(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0, "an ECDSA signature");

    const BioPtr chain(BIO_new(BIO_s_mem()));
    const BioPtr private_key(BIO_new(BIO_s_mem()));
    require(chain != nullptr && private_key != nullptr, "memory BIO");
    require(PEM_write_bio_X509(chain.get(), certificate.get()) == 1, "certificate");
    require(PEM_write_bio_PrivateKey(private_key.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1, "key");
    return {text_of(chain.get()), text_of(private_key.get())};
}

struct Pipe final : jackfield::EngineOutput {
    void output(jackfield::ByteView bytes) noexcept override { queue.emplace_back(bytes.begin(), bytes.end()); }
    std::deque<jackfield::Bytes> queue;
};

/// Feeds one engine what the other has said.
HandshakeProgress hear(Engine& engine, Pipe& from, HandshakeProgress before)
{
    HandshakeProgress progress = before;
    while (!from.queue.empty()) {
        engine.feed(from.queue.front());
        if (progress == HandshakeProgress::more)
            progress = engine.handshake();
        from.queue.pop_front();
    }
    return progress;
}

void shake_hands(const Settings& settings, bool datagrams, const Credentials& credentials)
{
    const ContextPtr context = make_context(settings, datagrams, credentials);
    const auto anyone = [](const std::string&) { return jackfield::Device(); };
    Pipe to_server;
    Pipe to_client;
    Engine client(context.get(), {true, datagrams, settings.mtu_bytes, 60'000}, anyone, to_server);
    Engine server(context.get(), {false, datagrams, settings.mtu_bytes, 60'000}, anyone, to_client);

    HandshakeProgress client_progress = client.handshake();
    HandshakeProgress server_progress = HandshakeProgress::more;
    for (int flight = 0; flight < 8; ++flight) {
        server_progress = hear(server, to_server, server_progress);
        client_progress = hear(client, to_client, client_progress);
    }
    if (client_progress != HandshakeProgress::done || server_progress != HandshakeProgress::done)
        throw jackfield::Failure(JF_INTERNAL, std::string("OpenSSL cannot finish a handshake with itself: ") +
                                                  client.failure().text + " " + server.failure().text);
}

} // namespace

void warm_up(const Settings& settings)
{
    const Credentials credentials = throw_away_credentials();
    shake_hands(settings, false, credentials);
    shake_hands(settings, true, credentials);
}

} // namespace secure_openssl
