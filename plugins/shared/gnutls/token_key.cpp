// What GnuTLS calls in place of a key's own arithmetic. See token_key.hpp.
//
// Threads: as there.
#include "token_key.hpp"

#include "failures.hpp"

namespace shared_gnutls {
namespace {

/// How jf_identity signs for one of GnuTLS's algorithms.
struct Scheme {
    gnutls_sign_algorithm_t algorithm;
    gnutls_pk_algorithm_t key;
    std::uint32_t scheme;
    std::uint32_t digest;
};
constexpr Scheme kSchemes[] = {
    {GNUTLS_SIGN_ECDSA_SECP256R1_SHA256, GNUTLS_PK_ECDSA, JF_SIGN_ECDSA, JF_DIGEST_SHA256},
    {GNUTLS_SIGN_ECDSA_SHA256, GNUTLS_PK_ECDSA, JF_SIGN_ECDSA, JF_DIGEST_SHA256},
    {GNUTLS_SIGN_ECDSA_SHA384, GNUTLS_PK_ECDSA, JF_SIGN_ECDSA, JF_DIGEST_SHA384},
    {GNUTLS_SIGN_ECDSA_SHA512, GNUTLS_PK_ECDSA, JF_SIGN_ECDSA, JF_DIGEST_SHA512},
    {GNUTLS_SIGN_RSA_PSS_RSAE_SHA256, GNUTLS_PK_RSA, JF_SIGN_RSA_PSS, JF_DIGEST_SHA256},
    {GNUTLS_SIGN_RSA_PSS_RSAE_SHA384, GNUTLS_PK_RSA, JF_SIGN_RSA_PSS, JF_DIGEST_SHA384},
    {GNUTLS_SIGN_RSA_PSS_RSAE_SHA512, GNUTLS_PK_RSA, JF_SIGN_RSA_PSS, JF_DIGEST_SHA512},
};

struct TokenKey {
    jackfield::IdentityService signer;
    gnutls_pk_algorithm_t algorithm;
    unsigned int bits;
};

const TokenKey& of(void* self)
{
    return *static_cast<const TokenKey*>(self);
}

/// Null if the key cannot sign that way.
const Scheme* scheme_of(const TokenKey& key, gnutls_sign_algorithm_t algorithm)
{
    for (const auto& each : kSchemes) {
        if (each.algorithm == algorithm && each.key == key.algorithm)
            return &each;
    }
    return nullptr;
}

int sign_hash(gnutls_privkey_t, gnutls_sign_algorithm_t algorithm, void* self, unsigned int, const gnutls_datum_t* hash,
              gnutls_datum_t* signature)
{
    const Scheme* scheme = scheme_of(of(self), algorithm);
    if (scheme == nullptr)
        return GNUTLS_E_UNSUPPORTED_SIGNATURE_ALGORITHM;
    jackfield::Bytes made;
    const auto status = jackfield::guarded(
        nullptr, [&] { made = of(self).signer.sign_digest(scheme->scheme, scheme->digest, {hash->data, hash->size}); });
    if (status != JF_OK)
        return GNUTLS_E_PK_SIGN_FAILED;
    signature->data = static_cast<unsigned char*>(gnutls_malloc(made.size()));
    if (signature->data == nullptr)
        return GNUTLS_E_MEMORY_ERROR;
    std::copy(made.begin(), made.end(), signature->data);
    signature->size = static_cast<unsigned int>(made.size());
    return GNUTLS_E_SUCCESS;
}

int info(gnutls_privkey_t, unsigned int flags, void* self)
{
    if ((flags & GNUTLS_PRIVKEY_INFO_PK_ALGO) != 0)
        return of(self).algorithm;
    if ((flags & GNUTLS_PRIVKEY_INFO_PK_ALGO_BITS) != 0)
        return static_cast<int>(of(self).bits);
    if ((flags & GNUTLS_PRIVKEY_INFO_HAVE_SIGN_ALGO) != 0)
        return scheme_of(of(self), static_cast<gnutls_sign_algorithm_t>(GNUTLS_FLAGS_TO_SIGN_ALGO(flags))) != nullptr;
    return (flags & GNUTLS_PRIVKEY_INFO_SIGN_ALGO) != 0 ? 0 : -1;
}

void end(gnutls_privkey_t, void* self)
{
    delete static_cast<TokenKey*>(self);
}

} // namespace

PrivateKey key_in_token(jackfield::IdentityService signer, gnutls_pubkey_t shown)
{
    unsigned int bits = 0;
    const int algorithm = gnutls_pubkey_get_pk_algorithm(shown, &bits);
    require(algorithm, "the kind of our key");
    gnutls_privkey_t made = nullptr;
    require(gnutls_privkey_init(&made), "private key");
    PrivateKey key(made);
    auto own = std::make_unique<TokenKey>(TokenKey{signer, static_cast<gnutls_pk_algorithm_t>(algorithm), bits});
    require(gnutls_privkey_import_ext4(made, own.get(), nullptr, &sign_hash, nullptr, &end, &info, 0),
            "our own private key, which stays in a token");
    static_cast<void>(own.release()); // freed by `end`
    return key;
}

} // namespace shared_gnutls
