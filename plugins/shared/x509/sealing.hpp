// Sealed boxes: bytes that only the holder of one private key can read.
//
// Threads: any. Lifetime: results are values; keys derived on the way are wiped.
#pragma once

#include "openssl.hpp"

namespace shared_x509 {

/// Largest box, and largest box that is opened.
inline constexpr std::size_t kMaxSealedBytes = 64 * 1024;

/// recipient: an EC P-256 or RSA public key. JF_BAD_INPUT if the box would be too large.
jackfield::Bytes seal_for(EVP_PKEY* recipient, jackfield::ByteView plain);

/// JF_UNAUTHENTICATED, with the same words for every reason, if it was not sealed for this key or was changed.
jackfield::Bytes open_with(EVP_PKEY* own, jackfield::ByteView sealed);

} // namespace shared_x509
