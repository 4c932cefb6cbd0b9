// A chain of certificates as the peer sent it, written as PEM text.
//
// Threads: any.
#pragma once

#include "failures.hpp"

#include <shared/tls/channel.hpp>

#include <mbedtls/pem.h>
#include <mbedtls/x509_crt.h>

namespace secure_mbedtls {

/// Throws Failure for a chain that is too long.
inline std::string chain_to_pem(const mbedtls_x509_crt& leaf)
{
    std::string pem;
    int count = 0;
    for (const mbedtls_x509_crt* certificate = &leaf; certificate != nullptr; certificate = certificate->next) {
        if (++count > shared_tls::kMostCertificates)
            throw jackfield::Failure(JF_UNAUTHENTICATED, "the peer's chain has more than 8 certificates");
        std::string text(certificate->raw.len * 2 + 128, '\0');
        std::size_t size = 0;
        require(mbedtls_pem_write_buffer("-----BEGIN CERTIFICATE-----\n", "-----END CERTIFICATE-----\n",
                                         certificate->raw.p, certificate->raw.len,
                                         reinterpret_cast<unsigned char*>(text.data()), text.size(), &size),
                "the peer's certificate");
        pem.append(text.c_str());
    }
    return pem;
}

} // namespace secure_mbedtls
