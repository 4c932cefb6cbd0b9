// Turns reasons of libssl into statuses: who is to blame, and for what.
//
// Threads: that of the failing call.
#include "failures.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

namespace shared_openssl {
namespace {

jackfield::Status status_of(unsigned long code)
{
    if (ERR_GET_LIB(code) != ERR_LIB_SSL)
        return JF_BAD_INPUT;
    switch (ERR_GET_REASON(code)) {
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
    case SSL_R_BAD_SIGNATURE:
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
    case SSL_R_NO_CERTIFICATES_RETURNED:
        return JF_UNAUTHENTICATED;
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_WRONG_SSL_VERSION:
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_SHARED_GROUPS:
    case SSL_R_NO_SUITABLE_KEY_SHARE:
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
        return JF_UNSUPPORTED;
    case ERR_R_INTERNAL_ERROR:
        return JF_INTERNAL;
    case ERR_R_MALLOC_FAILURE:
        return JF_EXHAUSTED;
    default:
        return JF_BAD_INPUT;
    }
}

std::string reason_of(unsigned long code)
{
    const char* reason = ERR_reason_error_string(code);
    return reason != nullptr ? reason : "no reason given (" + std::to_string(code) + ")";
}

} // namespace

std::string library_text(std::string_view what)
{
    const unsigned long code = ERR_peek_last_error();
    ERR_clear_error();
    return std::string(what) + ": " + reason_of(code);
}

void require(bool went_well, std::string_view what)
{
    if (!went_well)
        throw jackfield::Failure(JF_INTERNAL, "OpenSSL: " + library_text(what));
}

jf_error protocol_failure(std::string_view what)
{
    const unsigned long code = ERR_peek_error(); // the oldest is the cause, later ones are its echoes
    ERR_clear_error();
    return jackfield::make_error(status_of(code), std::string(what) + ": " + reason_of(code));
}

} // namespace shared_openssl
