// GnuTLS's error codes in words, with the status that fits.
//
// Threads: any.
#pragma once

#include <jackfield/basic.hpp>

namespace shared_gnutls {

/// Throws JF_INTERNAL with the library's reason if the code is an error.
void require(int code, std::string_view what);

/// What a failed handshake or record of the peer means.
jf_error protocol_failure(int code, std::string_view what);

} // namespace shared_gnutls
