// Turns codes of GnuTLS into statuses: who is to blame, and for what.
//
// Threads: any.
#include "failures.hpp"

#include <gnutls/gnutls.h>

namespace shared_gnutls {
namespace {

jackfield::Status status_of(int code)
{
    switch (code) {
    case GNUTLS_E_CERTIFICATE_ERROR:
    case GNUTLS_E_CERTIFICATE_REQUIRED:
    case GNUTLS_E_NO_CERTIFICATE_FOUND:
    case GNUTLS_E_PK_SIG_VERIFY_FAILED:
    case GNUTLS_E_KEY_USAGE_VIOLATION:
        return JF_UNAUTHENTICATED;
    case GNUTLS_E_UNSUPPORTED_VERSION_PACKET:
    case GNUTLS_E_NO_CIPHER_SUITES:
    case GNUTLS_E_NO_COMMON_KEY_SHARE:
    case GNUTLS_E_UNSUPPORTED_SIGNATURE_ALGORITHM:
    case GNUTLS_E_INSUFFICIENT_SECURITY:
        return JF_UNSUPPORTED;
    case GNUTLS_E_TIMEDOUT:
        return JF_TIMEOUT;
    case GNUTLS_E_MEMORY_ERROR:
        return JF_EXHAUSTED;
    case GNUTLS_E_INTERNAL_ERROR:
        return JF_INTERNAL;
    default:
        return JF_BAD_INPUT;
    }
}

} // namespace

void require(int code, std::string_view what)
{
    if (code < 0)
        throw jackfield::Failure(JF_INTERNAL, "GnuTLS: " + std::string(what) + ": " + gnutls_strerror(code));
}

jf_error protocol_failure(int code, std::string_view what)
{
    if (code == GNUTLS_E_NO_CERTIFICATE_FOUND || code == GNUTLS_E_CERTIFICATE_REQUIRED)
        return jackfield::make_error(JF_UNAUTHENTICATED, "the peer sent no certificate");
    return jackfield::make_error(status_of(code), std::string(what) + ": " + gnutls_strerror(code));
}

} // namespace shared_gnutls
