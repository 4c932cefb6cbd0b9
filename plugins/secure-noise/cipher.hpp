// The functions that Noise is made of, in the choice 25519, ChaChaPoly, SHA256, by libsodium (Noise revision 34,
// section 12).
//
// Threads: any. Lifetime: values; secrets are wiped when they go.
#pragma once

#include <jackfield/basic.hpp>

#include <array>
#include <optional>

namespace secure_noise {

inline constexpr std::size_t kKeyBytes = 32;
inline constexpr std::size_t kTagBytes = 16;

/// Prepares libsodium; before anything else here. Throws Failure if it cannot be used.
void prepare_library();

/// 32 bytes that nobody else may know.
class Secret {
public:
    Secret() = default;
    Secret(const Secret&) = default;
    Secret& operator=(const Secret&) = default;
    ~Secret();

    std::uint8_t* data() { return bytes_.data(); }
    const std::uint8_t* data() const { return bytes_.data(); }
    jackfield::ByteView view() const { return bytes_; }

private:
    std::array<std::uint8_t, kKeyBytes> bytes_{};
};

using PublicKey = std::array<std::uint8_t, kKeyBytes>;
using Hash = std::array<std::uint8_t, 32>;

struct KeyPair {
    Secret secret;
    PublicKey shown{};

    static KeyPair generate();
    static KeyPair of(const Secret& secret);
};

/// X25519 (RFC 7748). Nothing if the result is all zero, which only a key made for that purpose gives.
std::optional<Secret> agree(const KeyPair& ours, const PublicKey& theirs);

Hash hash_of(jackfield::ByteView first, jackfield::ByteView second);

/// HMAC-SHA256 over the parts, one after the other (RFC 2104).
Secret mac_of(const Secret& key, std::initializer_list<jackfield::ByteView> parts);

/// ChaCha20-Poly1305 (RFC 8439) with Noise's nonce: four zero bytes, then the counter, least byte first.
class Cipher {
public:
    explicit Cipher(const Secret& key) : key_(key) {}

    /// Writes plain.size() + kTagBytes; `sealed` may be where `plain` is.
    void seal(std::uint64_t counter, jackfield::ByteView bound, jackfield::ByteView plain, std::uint8_t* sealed) const;

    /// Writes sealed.size() - kTagBytes. False if it was not sealed by this key and counter, or was changed.
    bool open(std::uint64_t counter, jackfield::ByteView bound, jackfield::ByteView sealed, std::uint8_t* plain) const;

private:
    Secret key_;
};

} // namespace secure_noise
