// What all connections of an instance share: our certificates, the key they vouch for, and the identity that judges the
// peer's.
//
// Threads: loaded on the control thread, afterwards only read. Lifetime: outlives its connections.
#pragma once

#include "proof.hpp"

#include <jackfield/identity.hpp>

namespace secure_noise {

class Context {
public:
    /// Throws Failure if libsodium cannot be used.
    explicit Context(jackfield::IdentityService identity);

    /// Before the first handshake. Throws Failure: JF_WOULD_BLOCK while the identity is being loaded.
    void load_own_chain();

    /// Made for this instance, kept in memory alone.
    const KeyPair& static_key() const { return static_key_; }

    /// The payload that proves us in this handshake, once the peer's ephemeral key is known. Throws Failure.
    jackfield::Bytes own_proof(const Handshake& handshake, bool initiator) const;

    /// Whose the chain is, if it is in order and expected. Throws JF_UNAUTHENTICATED with the reason against it.
    jackfield::Device check_chain(const Proof& proof, const jackfield::Device& expected) const;

    /// Throws JF_UNAUTHENTICATED unless that device signed the static key of the handshake's other end.
    void check_signature(const Proof& proof, const Handshake& handshake, bool by_initiator) const;

private:
    jackfield::IdentityService identity_;
    KeyPair static_key_;
    std::vector<jackfield::Bytes> certificates_;
};

} // namespace secure_noise
