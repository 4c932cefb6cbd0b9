// A box is: version 1, kind, key part, AES-256-GCM ciphertext, 16 bytes of tag.
//
//   kind 1, EC    key part: a one-time P-256 point (65 bytes); key and nonce come by HKDF-SHA256 (RFC 5869) from the
//                 shared secret (ECDH, SEC 1 section 3.3.1) and both public points.
//   kind 2, RSA   key part: key and nonce wrapped with RSA-OAEP-SHA256 (RFC 8017 section 7.1).
// Everything before the ciphertext is authenticated with it.
#include "sealing.hpp"

#include "keys.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include <array>

namespace shared_x509 {

using jackfield::Bytes;
using jackfield::ByteView;
using jackfield::Failure;

namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kKindEc = 1;
constexpr std::uint8_t kKindRsa = 2;
constexpr std::size_t kHeadBytes = 2;
constexpr std::size_t kPointBytes = 65;
constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;
constexpr std::string_view kLabel = "jackfield identity-x509 seal 1";

/// Key and nonce of one box.
struct BoxKey : std::array<std::uint8_t, kKeyBytes + kNonceBytes> {
    BoxKey() : std::array<std::uint8_t, kKeyBytes + kNonceBytes>{} {}
    BoxKey(const BoxKey&) = default;
    BoxKey& operator=(const BoxKey&) = default;
    ~BoxKey() { OPENSSL_cleanse(data(), size()); }
    const std::uint8_t* nonce() const { return data() + kKeyBytes; }
};

/// By the one function that also works for a key in a token.
Bytes point_of(const EVP_PKEY* key)
{
    std::uint8_t* point = nullptr;
    const std::size_t size = EVP_PKEY_get1_encoded_public_key(const_cast<EVP_PKEY*>(key), &point);
    const std::unique_ptr<std::uint8_t, Freer<[](void* p) { OPENSSL_free(p); }>> owner(point);
    must(size == kPointBytes, "encoding a point");
    return {point, point + size};
}

/// Null if the bytes are no point of the curve.
Key key_from_point(ByteView point)
{
    const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
    must(context && EVP_PKEY_fromdata_init(context.get()) == 1, "reading a point");
    std::string group = "prime256v1";
    const std::array<OSSL_PARAM, 3> parameters{
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, const_cast<std::uint8_t*>(point.data()),
                                          point.size()),
        OSSL_PARAM_construct_end()};
    EVP_PKEY* made = nullptr;
    if (EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY, const_cast<OSSL_PARAM*>(parameters.data())) != 1)
        return nullptr;
    return Key(made);
}

BoxKey agree(EVP_PKEY* own, EVP_PKEY* other, ByteView one_time_point, ByteView recipient_point)
{
    const KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, own, nullptr));
    std::array<std::uint8_t, 32> secret{};
    std::size_t size = secret.size();
    must(context && EVP_PKEY_derive_init(context.get()) == 1 && EVP_PKEY_derive_set_peer(context.get(), other) == 1 &&
             EVP_PKEY_derive(context.get(), secret.data(), &size) == 1 && size == secret.size(),
         "key agreement");

    Bytes info(kLabel.begin(), kLabel.end());
    info.insert(info.end(), one_time_point.begin(), one_time_point.end());
    info.insert(info.end(), recipient_point.begin(), recipient_point.end());
    const std::unique_ptr<EVP_KDF, Freer<EVP_KDF_free>> hkdf(EVP_KDF_fetch(nullptr, "HKDF", nullptr));
    const std::unique_ptr<EVP_KDF_CTX, Freer<EVP_KDF_CTX_free>> derivation(EVP_KDF_CTX_new(hkdf.get()));
    std::string digest = "SHA256";
    const std::array<OSSL_PARAM, 4> parameters{
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest.data(), 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, secret.data(), secret.size()),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info.data(), info.size()), OSSL_PARAM_construct_end()};
    BoxKey key;
    const bool derived = derivation && EVP_KDF_derive(derivation.get(), key.data(), key.size(), parameters.data()) == 1;
    OPENSSL_cleanse(secret.data(), secret.size());
    must(derived, "HKDF");
    return key;
}

KeyContext oaep_context(EVP_PKEY* key, int (*init)(EVP_PKEY_CTX*))
{
    KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
    must(context && init(context.get()) == 1 &&
             EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) == 1 &&
             EVP_PKEY_CTX_set_rsa_oaep_md(context.get(), EVP_sha256()) == 1 &&
             EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), EVP_sha256()) == 1,
         "OAEP");
    return context;
}

Bytes wrap(EVP_PKEY* recipient, const BoxKey& key)
{
    const KeyContext context = oaep_context(recipient, [](EVP_PKEY_CTX* c) { return EVP_PKEY_encrypt_init(c); });
    Bytes wrapped(static_cast<std::size_t>(EVP_PKEY_get_size(recipient)));
    std::size_t size = wrapped.size();
    must(EVP_PKEY_encrypt(context.get(), wrapped.data(), &size, key.data(), key.size()) == 1 && size == wrapped.size(),
         "wrapping a key");
    return wrapped;
}

/// Throws if it was not wrapped for us.
BoxKey unwrap(EVP_PKEY* own, ByteView wrapped)
{
    const KeyContext context = oaep_context(own, [](EVP_PKEY_CTX* c) { return EVP_PKEY_decrypt_init(c); });
    Bytes plain(static_cast<std::size_t>(EVP_PKEY_get_size(own)));
    std::size_t size = plain.size();
    BoxKey key;
    if (EVP_PKEY_decrypt(context.get(), plain.data(), &size, wrapped.data(), wrapped.size()) != 1 || size != key.size())
        throw Failure(JF_UNAUTHENTICATED, "");
    std::copy_n(plain.begin(), key.size(), key.begin());
    OPENSSL_cleanse(plain.data(), plain.size());
    return key;
}

/// Appends ciphertext and tag to the box, which so far holds head and key part.
void encrypt(const BoxKey& key, ByteView plain, Bytes& box)
{
    const std::size_t head = box.size();
    box.resize(head + plain.size() + kTagBytes);
    const CipherContext context(EVP_CIPHER_CTX_new());
    int size = 0;
    const auto* input = plain.empty() ? box.data() : plain.data(); // a null pointer would mean "more AAD"
    must(context && EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key.data(), key.nonce()) == 1 &&
             EVP_EncryptUpdate(context.get(), nullptr, &size, box.data(), static_cast<int>(head)) == 1 &&
             EVP_EncryptUpdate(context.get(), box.data() + head, &size, input, static_cast<int>(plain.size())) == 1 &&
             EVP_EncryptFinal_ex(context.get(), box.data() + head + size, &size) == 1 &&
             EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, box.data() + box.size() - kTagBytes) ==
                 1,
         "AES-256-GCM");
}

Bytes decrypt(const BoxKey& key, ByteView box, std::size_t head)
{
    const ByteView body = box.subspan(head, box.size() - head - kTagBytes);
    Bytes tag(box.end() - kTagBytes, box.end());
    Bytes plain(body.size() + 1); // never a null pointer
    const CipherContext context(EVP_CIPHER_CTX_new());
    int size = 0;
    if (!context || EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key.data(), key.nonce()) != 1 ||
        EVP_DecryptUpdate(context.get(), nullptr, &size, box.data(), static_cast<int>(head)) != 1 ||
        EVP_DecryptUpdate(context.get(), plain.data(), &size, body.data(), static_cast<int>(body.size())) != 1 ||
        EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) != 1 ||
        EVP_DecryptFinal_ex(context.get(), plain.data() + size, &size) != 1)
        throw Failure(JF_UNAUTHENTICATED, "");
    plain.resize(body.size());
    return plain;
}

BoxKey key_of_box(EVP_PKEY* own, ByteView sealed, std::size_t head)
{
    const ByteView key_part = sealed.subspan(kHeadBytes, head - kHeadBytes);
    if (is_rsa(own))
        return unwrap(own, key_part);
    const Key one_time = key_from_point(key_part);
    if (!one_time)
        throw Failure(JF_UNAUTHENTICATED, "");
    return agree(own, one_time.get(), key_part, point_of(own));
}

} // namespace

Bytes seal_for(EVP_PKEY* recipient, ByteView plain)
{
    const bool rsa = is_rsa(recipient);
    const std::size_t key_part = rsa ? static_cast<std::size_t>(EVP_PKEY_get_size(recipient)) : kPointBytes;
    const std::size_t most = kMaxSealedBytes - kHeadBytes - key_part - kTagBytes;
    if (plain.size() > most)
        throw Failure(JF_BAD_INPUT, std::to_string(plain.size()) + " bytes are too many to seal; at most " +
                                        std::to_string(most) + " fit");
    Bytes box{kVersion, rsa ? kKindRsa : kKindEc};
    BoxKey key;
    if (rsa) {
        must(RAND_priv_bytes(key.data(), static_cast<int>(key.size())) == 1, "random bytes");
        const Bytes wrapped = wrap(recipient, key);
        box.insert(box.end(), wrapped.begin(), wrapped.end());
    } else {
        const std::atomic<bool> never{false};
        const Key one_time = generate_key(KeyType::ec_p256, never);
        const Bytes point = point_of(one_time.get());
        key = agree(one_time.get(), recipient, point, point_of(recipient));
        box.insert(box.end(), point.begin(), point.end());
    }
    encrypt(key, plain, box);
    return box;
}

Bytes open_with(EVP_PKEY* own, ByteView sealed)
{
    if (sealed.size() > kMaxSealedBytes)
        throw Failure(JF_BAD_INPUT, "a sealed message of " + std::to_string(sealed.size()) +
                                        " bytes is too large; at most " + std::to_string(kMaxSealedBytes) +
                                        " are opened");
    const bool rsa = is_rsa(own);
    const std::size_t head = kHeadBytes + (rsa ? static_cast<std::size_t>(EVP_PKEY_get_size(own)) : kPointBytes);
    try {
        if (sealed.size() < head + kTagBytes || sealed[0] != kVersion || sealed[1] != (rsa ? kKindRsa : kKindEc))
            throw Failure(JF_UNAUTHENTICATED, "");
        return decrypt(key_of_box(own, sealed, head), sealed, head);
    } catch (const Failure&) {
        // One answer for every reason: a stranger must not learn how far a box of his got.
        ERR_clear_error();
        throw Failure(JF_UNAUTHENTICATED, "the message was not sealed for this device, or was changed on its way");
    }
}

} // namespace shared_x509
