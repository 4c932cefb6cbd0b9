// Two engines shake hands in memory.
//
// Threads: control. Lifetime: all of it ends with the call; what stays are OpenSSL's own tables.
#include "warm_up.hpp"

#include "engine.hpp"
#include "failures.hpp"

#include <deque>

namespace secure_openssl {
namespace {

using jackfield::HandshakeProgress;

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

} // namespace

void warm_up(const Settings& settings, bool datagrams, SSL_CTX* context)
{
    const ThrowAway ours;
    const auto anyone = [](const std::string&) { return jackfield::Device(); };
    Pipe to_server;
    Pipe to_client;
    Engine client(context, {true, datagrams, settings.mtu_bytes, 60'000}, anyone, to_server);
    Engine server(context, {false, datagrams, settings.mtu_bytes, 60'000}, anyone, to_client);
    client.show(ours.certificate.get(), ours.key.get());
    server.show(ours.certificate.get(), ours.key.get());

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

} // namespace secure_openssl
