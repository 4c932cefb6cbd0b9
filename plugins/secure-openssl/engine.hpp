// One (D)TLS connection by OpenSSL, without any thread or socket of its own.
//
// Threads: the session calls it under its lock. Lifetime: owned by the session.
#pragma once

#include <shared/openssl/openssl_ptr.hpp>
#include <shared/openssl/wire.hpp>

#include <jackfield/secure_engine.hpp>
#include <shared/tls/channel.hpp>

#include <array>

namespace secure_openssl {

using namespace shared_openssl;

using shared_tls::CheckPeer;
using shared_tls::Role;

class Engine final : public jackfield::SecureEngine {
public:
    /// Sets the callbacks that lead from a connection of this context back to its engine.
    static void install(SSL_CTX* context);

    Engine(SSL_CTX* context, Role role, CheckPeer check_peer, jackfield::EngineOutput& output);

    /// Shows another certificate than that of the context. Before the handshake. Throws Failure.
    void show(X509* certificate, EVP_PKEY* key);

    void feed(jackfield::ByteView bytes) noexcept override { wire_.feed(bytes); }
    jackfield::HandshakeProgress handshake() noexcept override;
    std::optional<jackfield::Nanoseconds> retransmit_in() override;
    jackfield::HandshakeProgress retransmit() noexcept override;
    jackfield::EngineRead read(std::span<std::uint8_t> plain) noexcept override;
    jackfield::Status write(jackfield::ByteView plain) noexcept override;
    void close_notify() noexcept override;
    jf_error failure() const noexcept override { return failure_; }
    jackfield::SecureInfo info() const override;
    std::size_t record_overhead() const noexcept override;
    jackfield::Bytes export_key_material(std::string_view label, jackfield::ByteView context,
                                         std::size_t size) override;

private:
    static Engine& of(const SSL* ssl) { return *static_cast<Engine*>(SSL_get_app_data(ssl)); }
    static int verify(X509_STORE_CTX* store, void*);
    static void on_info(const SSL* ssl, int where, int value);
    static int make_cookie(SSL* ssl, unsigned char* cookie, unsigned int* size);
    static int check_cookie(SSL* ssl, const unsigned char* cookie, unsigned int size);
    static unsigned int next_timeout(SSL* ssl, unsigned int previous_us);

    void verify_chain(X509_STORE_CTX* store);
    jackfield::HandshakeProgress step(int result) noexcept;
    void explain(std::string_view what);

    Role role_;
    CheckPeer check_peer_;
    Wire wire_;
    SslPtr ssl_;
    jackfield::Device peer_;
    std::array<std::uint8_t, 32> cookie_{};
    std::optional<std::uint8_t> fatal_alert_; // what the peer sent
    std::optional<jf_error> refusal_;         // why we do not take the peer
    jf_error failure_ = jackfield::no_error();
};

} // namespace secure_openssl
