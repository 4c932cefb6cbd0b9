// What a Noise connection does in the same way on both kinds of path: proving ourselves, judging the peer, keys.
//
// Threads: the session calls it under its lock. Lifetime: owned by the session; the Context outlives it.
#pragma once

#include "context.hpp"
#include "records.hpp"

#include <jackfield/secure_engine.hpp>

namespace secure_noise {

/// One connection's part in it. The client is Noise's initiator.
struct Role {
    bool client = false;
    jackfield::Device expected;
    std::uint32_t mtu_bytes = 1200;    ///< datagrams
    std::uint32_t retransmit_ms = 100; ///< datagrams
};

class Engine : public jackfield::SecureEngine {
public:
    /// Alerts (RFC 8446 section 6).
    static constexpr std::uint8_t kBadCertificate = 42;
    static constexpr std::uint8_t kDecodeError = 50;
    static constexpr std::uint8_t kDecryptError = 51;

    Engine(const Context& context, Role role, jackfield::EngineOutput& output);

    void feed(jackfield::ByteView bytes) noexcept override { input_ = bytes; }
    jf_error failure() const noexcept override { return failure_; }
    jackfield::SecureInfo info() const override;
    std::size_t largest_content() const noexcept override { return kMostContent; }
    jackfield::Bytes export_key_material(std::string_view label, jackfield::ByteView context,
                                         std::size_t size) override;

protected:
    struct Verdict {
        bool good = false;
        std::optional<std::uint8_t> alert; ///< what to tell the peer, if it is not good
    };

    Handshake new_handshake() const;

    /// The message that proves us; nothing, and failure() set, if it cannot be made.
    std::optional<jackfield::Bytes> write_proof_message(Handshake& handshake);

    /// Who the peer is by its payload. If it is not good, failure() says why.
    Verdict judge(jackfield::ByteView payload, const Handshake& handshake);

    void keep(const Keys& keys) { exporter_ = keys.exporter; }

    jackfield::HandshakeProgress fail(jackfield::Status status, std::string_view text);
    jackfield::EngineRead fail_reading(jackfield::Status status, std::string_view text);
    jackfield::EngineRead refused_by_peer(jackfield::ByteView alert);

    const Context& context_;
    Role role_;
    jackfield::EngineOutput& output_;
    jackfield::ByteView input_;

private:
    Secret exporter_;
    jackfield::Device peer_;
    jf_error failure_ = jackfield::no_error();
};

/// As another engine of this library names it, for sentences people read.
std::string refusal_text(std::uint8_t alert);

} // namespace secure_noise
