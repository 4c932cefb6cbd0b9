// Turns codes of Mbed TLS into statuses: who is to blame, and for what.
//
// Threads: any.
#include "failures.hpp"

#include <mbedtls/error.h>
#include <mbedtls/ssl.h>

namespace secure_mbedtls {
namespace {

jackfield::Status status_of(int code)
{
    switch (code) {
    case MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE:
    case MBEDTLS_ERR_SSL_BAD_HS_CERTIFICATE_VERIFY:
    case MBEDTLS_ERR_SSL_BAD_HS_CERTIFICATE:
    case MBEDTLS_ERR_SSL_PEER_VERIFY_FAILED:
    case MBEDTLS_ERR_X509_CERT_VERIFY_FAILED:
        return JF_UNAUTHENTICATED;
    case MBEDTLS_ERR_SSL_BAD_HS_PROTOCOL_VERSION:
    case MBEDTLS_ERR_SSL_NO_CIPHER_CHOSEN:
    case MBEDTLS_ERR_SSL_NO_USABLE_CIPHERSUITE:
        return JF_UNSUPPORTED;
    case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY:
        return JF_REFUSED;
    case MBEDTLS_ERR_SSL_TIMEOUT:
        return JF_TIMEOUT;
    case MBEDTLS_ERR_SSL_ALLOC_FAILED:
        return JF_EXHAUSTED;
    case MBEDTLS_ERR_SSL_INTERNAL_ERROR:
        return JF_INTERNAL;
    default:
        return JF_BAD_INPUT;
    }
}

} // namespace

std::string library_text(int code)
{
    char text[160] = "";
    mbedtls_strerror(code, text, sizeof(text));
    return text;
}

void require(int code, std::string_view what)
{
    if (code != 0)
        throw jackfield::Failure(JF_INTERNAL, "Mbed TLS: " + std::string(what) + ": " + library_text(code));
}

jf_error protocol_failure(int code, std::string_view what)
{
    if (code == MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE)
        return jackfield::make_error(JF_UNAUTHENTICATED, "the peer sent no certificate");
    return jackfield::make_error(status_of(code), std::string(what) + ": " + library_text(code));
}

} // namespace secure_mbedtls
