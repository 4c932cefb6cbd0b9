// Key pairs: making them, naming them, signing with them.
//
// Threads: any; an EVP_PKEY that is only read may be shared. Lifetime: results are values.
#pragma once

#include "openssl.hpp"

#include <jackfield/abi/identity.h>

#include <atomic>

namespace shared_x509 {

enum class KeyType { ec_p256, rsa_2048 };

/// In lower case.
std::string hex(jackfield::ByteView bytes);

/// "ec-p256" or "rsa-2048"; throws ConfigError.
KeyType key_type_of(std::string_view name);

/// EC takes less than a millisecond, RSA up to seconds; `stop` ends it early (Failure JF_CANCELLED).
Key generate_key(KeyType type, const std::atomic<bool>& stop);

/// Lower-case hex SHA-256 of the DER SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7).
std::string id_of(const EVP_PKEY* key);
std::string id_of(const X509* certificate);

/// PKCS#8, not encrypted.
std::string private_pem(const EVP_PKEY* key);

/// The first private key in the text; Failure JF_BAD_INPUT if there is none. Never asks for a password.
Key private_from_pem(std::string_view pem);

bool is_p256(const EVP_PKEY* key);
bool is_rsa(const EVP_PKEY* key);

/// Throws JF_UNAUTHENTICATED unless it is EC P-256 or RSA of 2048 to 4096 bits: a larger one would cost us time.
void check_key_kind(const EVP_PKEY* key, std::string_view whose);

/// ECDSA or RSA-PSS with SHA-256 over the data, behind a prefix that keeps these signatures apart from those of TLS.
jackfield::Bytes sign_data(EVP_PKEY* key, jackfield::ByteView data);
bool signature_fits(EVP_PKEY* key, jackfield::ByteView data, jackfield::ByteView signature);

/// As jf_identity_methods.sign_digest.
jackfield::Bytes sign_digest(EVP_PKEY* key, std::uint32_t scheme, std::uint32_t digest, jackfield::ByteView value);

} // namespace shared_x509
