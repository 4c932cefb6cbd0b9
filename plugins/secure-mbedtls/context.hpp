// What all connections of an instance share: our chain, our key, a random generator.
//
// Threads: made on the control thread; then used by every session. The generator locks itself (MBEDTLS_THREADING_C);
// chain and key are only read, because the key's table of curve points is filled when it is made.
#pragma once

#include "owned.hpp"

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/pk.h>
#include <mbedtls/x509_crt.h>

#include <string>

namespace secure_mbedtls {

class Random {
public:
    /// Throws Failure if the system gives no entropy.
    Random();

    int (*function())(void*, unsigned char*, std::size_t) { return &mbedtls_ctr_drbg_random; }
    void* state() { return generator_.get(); }

private:
    Owned<mbedtls_entropy_context, mbedtls_entropy_init, mbedtls_entropy_free> entropy_;
    Owned<mbedtls_ctr_drbg_context, mbedtls_ctr_drbg_init, mbedtls_ctr_drbg_free> generator_;
};

class Context {
public:
    /// Throws Failure, for example for a chain that does not fit its key. `random` must outlive it.
    Context(Random& random, const std::string& chain_pem, const std::string& key_pem);

    Random& random() { return random_; }
    mbedtls_x509_crt* chain() { return chain_.get(); }
    mbedtls_pk_context* key() { return key_.get(); }

private:
    Random& random_;
    Owned<mbedtls_x509_crt, mbedtls_x509_crt_init, mbedtls_x509_crt_free> chain_;
    Owned<mbedtls_pk_context, mbedtls_pk_init, mbedtls_pk_free> key_;
};

} // namespace secure_mbedtls
