// One (D)TLS 1.2 connection by Mbed TLS, without any thread, timer or socket of its own.
//
// Threads: the session calls it under its lock; Mbed TLS's callbacks run inside those calls.
// Lifetime: owned by the session; the Context outlives it.
#pragma once

#include "context.hpp"

#include <jackfield/secure_engine.hpp>
#include <shared/tls/channel.hpp>

#include <mbedtls/ssl.h>

#include <array>

namespace secure_mbedtls {

using shared_tls::CheckPeer;
using shared_tls::Role;

class Engine final : public jackfield::SecureEngine {
public:
    Engine(jackfield::Host host, Context& context, Role role, CheckPeer check_peer, jackfield::EngineOutput& output);
    ~Engine() override;

    void feed(jackfield::ByteView bytes) noexcept override { input_ = bytes; }
    jackfield::HandshakeProgress handshake() noexcept override;
    std::optional<jackfield::Nanoseconds> retransmit_in() override;
    jackfield::EngineRead read(std::span<std::uint8_t> plain) noexcept override;
    jackfield::Status write(jackfield::ByteView plain) noexcept override;
    void close_notify() noexcept override;
    jf_error failure() const noexcept override { return failure_; }
    jackfield::SecureInfo info() const override;
    std::size_t record_overhead() const noexcept override;
    jackfield::Bytes export_key_material(std::string_view label, jackfield::ByteView context,
                                         std::size_t size) override;

private:
    static Engine& of(void* self) { return *static_cast<Engine*>(self); }
    static int send(void* self, const unsigned char* data, std::size_t size);
    static int receive(void* self, unsigned char* data, std::size_t size);
    static int verify(void* self, mbedtls_x509_crt* certificate, int depth, std::uint32_t* flags);
    static int keep_keys(void* self, const unsigned char* master, const unsigned char* block, std::size_t, std::size_t,
                         std::size_t, const unsigned char client_random[32], const unsigned char server_random[32],
                         mbedtls_tls_prf_types prf);
    static int write_cookie(void* self, unsigned char** out, unsigned char* end, const unsigned char*, std::size_t);
    static int check_cookie(void* self, const unsigned char* cookie, std::size_t size, const unsigned char*,
                            std::size_t);
    static void set_timer(void* self, std::uint32_t, std::uint32_t final_ms);
    static int get_timer(void* self);

    void configure(Context& context);
    void configure_datagrams();
    void await_client_again();
    int run_steps();
    void note_group();
    jackfield::HandshakeProgress finish() noexcept;
    jackfield::HandshakeProgress explain_handshake(int code) noexcept;
    void explain(int code, std::string_view what);

    jackfield::Host host_;
    Role role_;
    CheckPeer check_peer_;
    jackfield::EngineOutput& output_;
    jackfield::ByteView input_;
    Owned<mbedtls_ssl_config, mbedtls_ssl_config_init, mbedtls_ssl_config_free> config_;
    Owned<mbedtls_ssl_context, mbedtls_ssl_init, mbedtls_ssl_free> ssl_;

    bool checked_ = false; // the peer's chain was found good
    jackfield::Device peer_;
    std::optional<jf_error> refusal_; // why we do not take the peer
    jf_error failure_ = jackfield::no_error();

    std::array<std::uint8_t, 32> cookie_{};
    bool timer_running_ = false;
    std::int64_t timer_ends_ns_ = 0;

    mbedtls_ecp_group_id group_ = MBEDTLS_ECP_DP_NONE;
    mbedtls_tls_prf_types prf_ = MBEDTLS_SSL_TLS_PRF_NONE;
    std::array<std::uint8_t, 48> master_secret_{};
    std::array<std::uint8_t, 64> randoms_{}; // the client's, then the server's
};

} // namespace secure_mbedtls
