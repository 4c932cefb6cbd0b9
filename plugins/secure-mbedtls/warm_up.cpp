// One AES key and one agreement on X25519 with throw-away values.
//
// Threads: control. Why here: mbedtls_aes_setkey makes its static tables at the first call, and two sessions on two
// threads could both be the first.
#include "warm_up.hpp"

#include "context.hpp"
#include "failures.hpp"

#include <mbedtls/aes.h>
#include <mbedtls/ecp.h>

#include <array>

namespace secure_mbedtls {

void warm_up()
{
    const std::array<unsigned char, 16> key{};
    Owned<mbedtls_aes_context, mbedtls_aes_init, mbedtls_aes_free> aes;
    require(mbedtls_aes_setkey_enc(aes.get(), key.data(), 128), "AES");

    Random random;
    Owned<mbedtls_ecp_keypair, mbedtls_ecp_keypair_init, mbedtls_ecp_keypair_free> pair;
    require(mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_CURVE25519, pair.get(), random.function(), random.state()), "X25519");
}

} // namespace secure_mbedtls
