// Key pairs by OpenSSL's EVP functions.
//
// Threads: any. Lifetime: nothing is kept.
#include "keys.hpp"

#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <array>

namespace shared_x509 {

using jackfield::Bytes;
using jackfield::ByteView;
using jackfield::ConfigError;
using jackfield::Failure;

namespace {

constexpr std::string_view kSignaturePrefix{"jackfield identity-x509 signature 1\0", 36};

std::string hex_sha256(const std::uint8_t* data, std::size_t size)
{
    std::array<std::uint8_t, 32> digest{};
    must(EVP_Digest(data, size, digest.data(), nullptr, EVP_sha256(), nullptr) == 1, "SHA-256");
    return hex(digest);
}

/// RSA keys always sign with PSS here (RFC 8017 section 8.1), salt as long as the digest.
void use_pss(EVP_PKEY_CTX* context)
{
    must(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1, "PSS padding");
    must(EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1, "PSS salt");
}

Bytes prefixed(ByteView data)
{
    Bytes whole(kSignaturePrefix.size() + data.size());
    std::copy(data.begin(), data.end(), std::copy(kSignaturePrefix.begin(), kSignaturePrefix.end(), whole.begin()));
    return whole;
}

const EVP_MD* digest_of(std::uint32_t digest)
{
    switch (digest) {
    case JF_DIGEST_SHA256:
        return EVP_sha256();
    case JF_DIGEST_SHA384:
        return EVP_sha384();
    case JF_DIGEST_SHA512:
        return EVP_sha512();
    default:
        throw Failure(JF_UNSUPPORTED,
                      "digest " + std::to_string(digest) + " is not known; SHA-256, SHA-384 and SHA-512 are");
    }
}

} // namespace

std::string hex(ByteView bytes)
{
    std::string text;
    for (const auto byte : bytes) {
        text += "0123456789abcdef"[byte >> 4];
        text += "0123456789abcdef"[byte & 15];
    }
    return text;
}

KeyType key_type_of(std::string_view name)
{
    if (name == "ec-p256")
        return KeyType::ec_p256;
    if (name == "rsa-2048")
        return KeyType::rsa_2048;
    throw ConfigError("/key: \"" + std::string(name) + "\" is not a kind of key; use \"ec-p256\" or \"rsa-2048\"");
}

Key generate_key(KeyType type, const std::atomic<bool>& stop)
{
    KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type == KeyType::ec_p256 ? "EC" : "RSA", nullptr));
    must(context != nullptr && EVP_PKEY_keygen_init(context.get()) == 1, "key generation");
    if (type == KeyType::ec_p256)
        must(EVP_PKEY_CTX_set_group_name(context.get(), "P-256") == 1, "curve P-256");
    else
        must(EVP_PKEY_CTX_set_rsa_keygen_bits(context.get(), 2048) == 1, "RSA of 2048 bits");

    // Called between the candidates for a prime: the way out when the instance is destroyed meanwhile.
    EVP_PKEY_CTX_set_app_data(context.get(), const_cast<std::atomic<bool>*>(&stop));
    EVP_PKEY_CTX_set_cb(context.get(), [](EVP_PKEY_CTX* running) {
        return static_cast<const std::atomic<bool>*>(EVP_PKEY_CTX_get_app_data(running))->load() ? 0 : 1;
    });
    EVP_PKEY* made = nullptr;
    if (EVP_PKEY_generate(context.get(), &made) != 1) {
        if (stop.load())
            fail_with_reason(JF_CANCELLED, "key generation was given up");
        fail_with_reason(JF_INTERNAL, "OpenSSL made no key");
    }
    return Key(made);
}

std::string id_of(const EVP_PKEY* key)
{
    std::uint8_t* der = nullptr;
    const int size = i2d_PUBKEY(key, &der);
    must(size > 0, "encoding a public key");
    const std::unique_ptr<std::uint8_t, Freer<[](void* p) { OPENSSL_free(p); }>> owner(der);
    return hex_sha256(der, static_cast<std::size_t>(size));
}

std::string id_of(const X509* certificate)
{
    std::uint8_t* der = nullptr;
    const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
    must(size > 0, "encoding a certificate's key");
    const std::unique_ptr<std::uint8_t, Freer<[](void* p) { OPENSSL_free(p); }>> owner(der);
    return hex_sha256(der, static_cast<std::size_t>(size));
}

std::string private_pem(const EVP_PKEY* key)
{
    const Memory memory(BIO_new(BIO_s_secmem()));
    must(memory != nullptr, "no memory for a key");
    must(PEM_write_bio_PKCS8PrivateKey(memory.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1, "writing a key");
    return contents(memory.get());
}

Key private_from_pem(std::string_view pem)
{
    const Memory memory = read_only(pem);
    const auto no_password = [](char*, int, int, void*) { return -1; };
    Key key(PEM_read_bio_PrivateKey(memory.get(), nullptr, no_password, nullptr));
    if (!key)
        fail_with_reason(JF_BAD_INPUT, "no readable private key");
    return key;
}

bool is_p256(const EVP_PKEY* key)
{
    std::array<char, 32> group{};
    return EVP_PKEY_is_a(key, "EC") == 1 && EVP_PKEY_get_group_name(key, group.data(), group.size(), nullptr) == 1 &&
           std::string_view(group.data()) == "prime256v1";
}

bool is_rsa(const EVP_PKEY* key)
{
    return EVP_PKEY_is_a(key, "RSA") == 1;
}

void check_key_kind(const EVP_PKEY* key, std::string_view whose)
{
    if (key != nullptr && is_p256(key))
        return;
    if (key != nullptr && is_rsa(key) && EVP_PKEY_get_bits(key) >= 2048 && EVP_PKEY_get_bits(key) <= 4096)
        return;
    ERR_clear_error();
    throw Failure(JF_UNAUTHENTICATED,
                  "the key of the " + std::string(whose) + " is neither EC P-256 nor RSA of 2048 to 4096 bits");
}

Bytes sign_data(EVP_PKEY* key, ByteView data)
{
    const Bytes whole = prefixed(data);
    const DigestContext context(EVP_MD_CTX_new());
    EVP_PKEY_CTX* key_context = nullptr; // owned by the digest context
    must(context && EVP_DigestSignInit(context.get(), &key_context, EVP_sha256(), nullptr, key) == 1, "signing");
    if (is_rsa(key))
        use_pss(key_context);
    Bytes signature(static_cast<std::size_t>(EVP_PKEY_get_size(key)));
    std::size_t size = signature.size();
    must(EVP_DigestSign(context.get(), signature.data(), &size, whole.data(), whole.size()) == 1, "signing");
    signature.resize(size);
    return signature;
}

bool signature_fits(EVP_PKEY* key, ByteView data, ByteView signature)
{
    const Bytes whole = prefixed(data);
    const DigestContext context(EVP_MD_CTX_new());
    EVP_PKEY_CTX* key_context = nullptr; // owned by the digest context
    must(context && EVP_DigestVerifyInit(context.get(), &key_context, EVP_sha256(), nullptr, key) == 1, "verifying");
    if (is_rsa(key))
        use_pss(key_context);
    const bool fits =
        EVP_DigestVerify(context.get(), signature.data(), signature.size(), whole.data(), whole.size()) == 1;
    ERR_clear_error();
    return fits;
}

Bytes sign_digest(EVP_PKEY* key, std::uint32_t scheme, std::uint32_t digest, ByteView value)
{
    if (scheme != JF_SIGN_ECDSA && scheme != JF_SIGN_RSA_PKCS1 && scheme != JF_SIGN_RSA_PSS)
        throw Failure(JF_UNSUPPORTED, "signature scheme " + std::to_string(scheme) + " is not known");
    if ((scheme == JF_SIGN_ECDSA) == is_rsa(key))
        throw Failure(JF_UNSUPPORTED, is_rsa(key) ? "the device key is RSA and cannot sign with ECDSA"
                                                  : "the device key is EC and cannot sign with RSA");
    const EVP_MD* hash = digest_of(digest);
    if (value.size() != static_cast<std::size_t>(EVP_MD_get_size(hash)))
        throw Failure(JF_BAD_INPUT, "a digest of " + std::to_string(value.size()) + " bytes is not a " +
                                        std::string(EVP_MD_get0_name(hash)));

    const KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
    must(context && EVP_PKEY_sign_init(context.get()) == 1, "signing");
    if (scheme == JF_SIGN_RSA_PKCS1)
        must(EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) == 1, "PKCS#1 padding");
    if (scheme == JF_SIGN_RSA_PSS)
        use_pss(context.get());
    must(EVP_PKEY_CTX_set_signature_md(context.get(), hash) == 1, "the digest");
    Bytes signature(static_cast<std::size_t>(EVP_PKEY_get_size(key)));
    std::size_t size = signature.size();
    must(EVP_PKEY_sign(context.get(), signature.data(), &size, value.data(), value.size()) == 1, "signing");
    signature.resize(size);
    return signature;
}

} // namespace shared_x509
