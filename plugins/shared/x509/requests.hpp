// A request of a device for a place in an account (PKCS#10, RFC 2986): it carries a public key and proves that whoever
// wrote it holds the private one.
//
// Threads: any. Lifetime: results are values.
#pragma once

#include "keys.hpp"

namespace shared_x509 {

inline constexpr std::size_t kMaxRequestBytes = 16 * 1024;

/// PEM; its common name is the device id.
std::string make_request(EVP_PKEY* device_key);

/// The public key of a request. Throws JF_BAD_INPUT for what is no request, JF_UNAUTHENTICATED if it is not signed by
/// its own key or the key is of a kind that we do not take.
Key key_of_request(std::string_view pem);

} // namespace shared_x509
