// libsodium's functions under Noise's names. See cipher.hpp.
//
// Threads: any.
#include "cipher.hpp"

#include <sodium.h>

namespace secure_noise {

using jackfield::ByteView;

namespace {

using Nonce = std::array<std::uint8_t, crypto_aead_chacha20poly1305_ietf_NPUBBYTES>;

Nonce nonce_of(std::uint64_t counter)
{
    Nonce nonce{};
    for (std::size_t i = 0; i < sizeof(counter); ++i)
        nonce[4 + i] = static_cast<std::uint8_t>(counter >> (8 * i));
    return nonce;
}

} // namespace

void prepare_library()
{
    if (sodium_init() < 0)
        throw jackfield::Failure(JF_INTERNAL, "libsodium cannot be used here: it finds no source of random bytes");
}

Secret::~Secret()
{
    sodium_memzero(bytes_.data(), bytes_.size());
}

KeyPair KeyPair::generate()
{
    Secret secret;
    randombytes_buf(secret.data(), kKeyBytes);
    return of(secret);
}

KeyPair KeyPair::of(const Secret& secret)
{
    KeyPair pair;
    pair.secret = secret;
    crypto_scalarmult_curve25519_base(pair.shown.data(), secret.data());
    return pair;
}

std::optional<Secret> agree(const KeyPair& ours, const PublicKey& theirs)
{
    Secret shared;
    if (crypto_scalarmult_curve25519(shared.data(), ours.secret.data(), theirs.data()) != 0)
        return std::nullopt;
    return shared;
}

Hash hash_of(ByteView first, ByteView second)
{
    Hash hash;
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, first.data(), first.size());
    crypto_hash_sha256_update(&state, second.data(), second.size());
    crypto_hash_sha256_final(&state, hash.data());
    return hash;
}

Secret mac_of(const Secret& key, std::initializer_list<ByteView> parts)
{
    Secret mac;
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, key.data(), kKeyBytes);
    for (const ByteView part : parts)
        crypto_auth_hmacsha256_update(&state, part.data(), part.size());
    crypto_auth_hmacsha256_final(&state, mac.data());
    sodium_memzero(&state, sizeof(state));
    return mac;
}

void Cipher::seal(std::uint64_t counter, ByteView bound, ByteView plain, std::uint8_t* sealed) const
{
    crypto_aead_chacha20poly1305_ietf_encrypt(sealed, nullptr, plain.data(), plain.size(), bound.data(), bound.size(),
                                              nullptr, nonce_of(counter).data(), key_.data());
}

bool Cipher::open(std::uint64_t counter, ByteView bound, ByteView sealed, std::uint8_t* plain) const
{
    return sealed.size() >= kTagBytes && crypto_aead_chacha20poly1305_ietf_decrypt(
                                             plain, nullptr, nullptr, sealed.data(), sealed.size(), bound.data(),
                                             bound.size(), nonce_of(counter).data(), key_.data()) == 0;
}

} // namespace secure_noise
