// Noise_XX_25519_ChaChaPoly_SHA256: three messages after which both ends share keys and know each other's static key.
//
//   -> e                    initiator
//   <- e, ee, s, es         responder; its payload is secret to all but an attacker who plays initiator
//   -> s, se                initiator; its payload is secret to all but the responder it knows by then
//
// The names are those of the specification (Noise Protocol Framework, revision 34, sections 5 and 7).
// Threads: none of its own. Lifetime: the static key is borrowed.
#pragma once

#include "cipher.hpp"

namespace secure_noise {

inline constexpr std::string_view kProtocolName = "Noise_XX_25519_ChaChaPoly_SHA256";

/// Section 3: no message is larger.
inline constexpr std::size_t kLargestMessage = 65'535;

/// What the second message adds to its payload: e, s with its tag, and the payload's tag.
inline constexpr std::size_t kSecondMessageBytes = kKeyBytes + kKeyBytes + kTagBytes + kTagBytes;

/// What the two ends have afterwards.
struct Keys {
    Cipher send;
    Cipher receive;
    Secret exporter; ///< what exported key material is made of, see export_key
    Hash hash;       ///< of the whole handshake; no secret
};

/// The state of one end. A copy goes its own way.
class Handshake {
public:
    Handshake(bool initiator, const KeyPair& static_key, jackfield::ByteView prologue,
              const KeyPair& ephemeral = KeyPair::generate());

    /// The next message, if it is ours to write. Nothing if the peer's key is of no use: then the handshake is over.
    std::optional<jackfield::Bytes> write(jackfield::ByteView payload);

    /// The payload of the next message, if it is the peer's to write. Nothing if the message was made without the keys
    /// or was changed; the state then is what it was before.
    std::optional<jackfield::Bytes> read(jackfield::ByteView message);

    const PublicKey& own_static() const { return static_key_->shown; }
    const PublicKey& own_ephemeral() const { return ephemeral_.shown; }
    const PublicKey& peers_static() const { return peers_static_; }
    const PublicKey& peers_ephemeral() const { return peers_ephemeral_; }

    /// After the third message.
    Keys split() const;

    /// Wipes what the keys could be made from again; nothing may be asked of it afterwards.
    void forget();

private:
    bool mix_tokens(jackfield::Bytes& out);
    bool take_tokens(jackfield::ByteView& message);
    bool mix_key(const KeyPair& ours, const PublicKey& theirs);
    bool mix_es();
    bool mix_se();
    void mix_hash(jackfield::ByteView data) { h_ = hash_of(h_, data); }
    void seal_and_hash(jackfield::ByteView plain, jackfield::Bytes& out);
    bool open_and_hash(jackfield::ByteView sealed, std::uint8_t* plain);

    bool initiator_;
    const KeyPair* static_key_;
    KeyPair ephemeral_;
    PublicKey peers_static_{};
    PublicKey peers_ephemeral_{};
    int messages_ = 0;

    Secret ck_;
    Hash h_{};
    std::optional<Cipher> cipher_;
    std::uint64_t counter_ = 0;
};

/// Key material bound to the channel, in the manner of RFC 5705: HKDF-Expand (RFC 5869) of the exporter's secret, with
/// label and context, each behind its size (two bytes), as `info`; an empty context is left out. At most 8160 bytes.
jackfield::Bytes export_key(const Secret& exporter, std::string_view label, jackfield::ByteView context,
                            std::size_t size);

} // namespace secure_noise
