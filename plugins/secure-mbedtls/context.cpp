// Parses what the identity gave, and signs once: that fills the key's table of curve points, which later signatures
// would otherwise race to fill.
//
// Threads: control.
#include "context.hpp"

#include "failures.hpp"

#include <array>

namespace secure_mbedtls {
namespace {

/// Mbed TLS wants the end of a PEM text to be counted.
const unsigned char* terminated(const std::string& text)
{
    return reinterpret_cast<const unsigned char*>(text.c_str());
}

} // namespace

Random::Random()
{
    require(mbedtls_ctr_drbg_seed(generator_.get(), mbedtls_entropy_func, entropy_.get(), nullptr, 0),
            "seed of the random generator");
}

Context::Context(Random& random, const std::string& chain_pem, const std::string& key_pem) : random_(random)
{
    require(mbedtls_x509_crt_parse(chain_.get(), terminated(chain_pem), chain_pem.size() + 1),
            "our own certificate cannot be read");
    require(mbedtls_pk_parse_key(key_.get(), terminated(key_pem), key_pem.size() + 1, nullptr, 0),
            "our own private key cannot be read");
    require(mbedtls_pk_check_pair(&chain_->pk, key_.get()), "our own key and certificate do not belong together");

    const std::array<unsigned char, 32> digest{};
    std::array<unsigned char, MBEDTLS_PK_SIGNATURE_MAX_SIZE> signature{};
    std::size_t size = 0;
    require(mbedtls_pk_sign(key_.get(), MBEDTLS_MD_SHA256, digest.data(), digest.size(), signature.data(), &size,
                            random.function(), random.state()),
            "our own private key cannot sign");
}

} // namespace secure_mbedtls
