// What the second and third message of a handshake carry: the sender's certificates with a signature, or why it ends.
//
//   1, count (1 byte), that many certificates: size (2 bytes), DER; signature: size (2 bytes), bytes
//   2, alert (1 byte; RFC 8446 section 6)
// Sizes stand with their high byte first. Nothing may follow.
//
// Threads: any. Lifetime: values.
#pragma once

#include "handshake.hpp"

namespace secure_noise {

inline constexpr std::size_t kMostCertificates = 8;
inline constexpr std::size_t kMostSignatureBytes = 1024;
inline constexpr std::size_t kMostPayloadBytes = 24 * 1024; // a chain of 32 KiB as text
inline constexpr std::size_t kLargestHandshakeMessage = kSecondMessageBytes + kMostPayloadBytes;

/// The sender's chain, leaf first, and what proves that the device it names takes part.
struct Proof {
    std::string chain_pem; ///< empty if there was no certificate
    jackfield::Bytes signature;
};

struct Payload {
    std::optional<std::uint8_t> alert;
    Proof proof; ///< if it is no alert
};

jackfield::Bytes write_proof(std::span<const jackfield::Bytes> certificates, jackfield::ByteView signature);
jackfield::Bytes write_alert(std::uint8_t alert);

/// Throws JF_BAD_INPUT.
Payload read_payload(jackfield::ByteView bytes);

/// What the device key signs: which end it is, its static key, and the key that the other end made for this handshake
/// alone, so that a signature is good for no other.
jackfield::Bytes signed_text(bool by_initiator, const PublicKey& own_static, const PublicKey& peers_ephemeral);

} // namespace secure_noise
