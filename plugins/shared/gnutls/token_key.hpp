// A private key that stays in a token: GnuTLS asks us to sign, and we ask the identity.
//
// Threads: made on the control thread; GnuTLS signs inside a handshake, on the thread of its path.
// Lifetime: the key owns what its functions need.
#pragma once

#include "gnutls_ptr.hpp"

#include <jackfield/identity.hpp>

namespace shared_gnutls {

/// shown: the public key that the certificate has.
PrivateKey key_in_token(jackfield::IdentityService signer, gnutls_pubkey_t shown);

} // namespace shared_gnutls
