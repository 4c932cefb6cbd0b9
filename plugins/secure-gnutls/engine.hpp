// One (D)TLS connection by GnuTLS, without any thread, timer or socket of its own.
//
// Threads: the session calls it under its lock; GnuTLS's callbacks run inside those calls.
// Lifetime: owned by the session; the Context outlives it.
#pragma once

#include "context.hpp"
#include "door.hpp"

#include <jackfield/secure_engine.hpp>

#include <array>

namespace secure_gnutls {

using shared_tls::CheckPeer;
using shared_tls::Role;

class Engine final : public jackfield::SecureEngine {
public:
    Engine(const Context& context, const Role& role, CheckPeer check_peer, jackfield::EngineOutput& output);

    /// For the Context: asks the engine of the connection for its opinion of the peer.
    static int verify(gnutls_session_t session);

    void feed(jackfield::ByteView bytes) noexcept override;
    jackfield::HandshakeProgress handshake() noexcept override;
    std::optional<jackfield::Nanoseconds> retransmit_in() override;
    jackfield::EngineRead read(std::span<std::uint8_t> plain) noexcept override;
    jackfield::Status write(jackfield::ByteView plain) noexcept override;
    void close_notify() noexcept override;
    jf_error failure() const noexcept override { return failure_; }
    jackfield::SecureInfo info() const override;
    std::size_t record_overhead() const noexcept override;
    std::size_t largest_content() const noexcept override;
    jackfield::Bytes export_key_material(std::string_view label, jackfield::ByteView context,
                                         std::size_t size) override;

private:
    static Engine& of(gnutls_transport_ptr_t self) { return *static_cast<Engine*>(self); }
    static ssize_t push(gnutls_transport_ptr_t self, const void* data, std::size_t size);
    static ssize_t pull(gnutls_transport_ptr_t self, void* data, std::size_t size);
    static int pull_timeout(gnutls_transport_ptr_t self, unsigned int milliseconds);

    void begin();
    bool knock();
    void verify_chain();
    template <class Call>
    int until_starved(Call call);
    jackfield::HandshakeProgress finish();
    jackfield::HandshakeProgress fail(int code);
    void explain(int code, std::string_view what);
    std::optional<std::uint8_t> alert_of_peer(int code) const;

    const Context& context_;
    Role role_;
    CheckPeer check_peer_;
    jackfield::EngineOutput& output_;
    jackfield::ByteView input_;
    std::array<std::uint8_t, 7> last_fed_{}; // of a stream that shakes hands: as long as an alert in clear
    bool starved_ = false;                   // the library has asked for bytes, and there were none
    bool answered_ = false;                  // something has gone to the peer
    shared_gnutls::Session session_;
    std::optional<Door> door_; // closed for as long as it is there

    bool established_ = false;
    bool checked_ = false; // the peer's chain was found good
    jackfield::Device peer_;
    std::optional<jf_error> refusal_; // why we do not take the peer
    jf_error failure_ = jackfield::no_error();
};

} // namespace secure_gnutls
