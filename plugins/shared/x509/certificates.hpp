// Account and device certificates: making them, and judging a chain that a stranger sent.
//
// Threads: any. Lifetime: results are values.
#pragma once

#include "keys.hpp"

#include <jackfield/identity.hpp>

#include <vector>

namespace shared_x509 {

inline constexpr std::size_t kMaxChainBytes = 32 * 1024;
inline constexpr std::size_t kMaxChainLength = 4;
inline constexpr std::int64_t kSecondsOfDay = 24 * 60 * 60;

/// Leaf first, the account last.
using Chain = std::vector<Certificate>;

struct Validity {
    std::int64_t now_ms; ///< wall clock
    int days;            ///< from now; it also holds for the day before, for clocks that lag
};

/// A certificate authority that signs itself (RFC 5280 section 4.2.1.9). The name is for people; empty takes the id.
Certificate make_account_certificate(EVP_PKEY* account_key, const std::string& name, Validity validity);

/// For TLS client and server; its common name is the device id.
Certificate make_device_certificate(const EVP_PKEY* device_key, const X509* account, EVP_PKEY* account_key,
                                    Validity validity);

std::string certificate_pem(X509* certificate);

/// Only CERTIFICATE blocks, bounded in size and number. Failure JF_BAD_INPUT.
Chain parse_chain(std::string_view pem);

/// Throws JF_UNAUTHENTICATED unless every certificate was issued by the next and the last by itself, all issuers are
/// certificate authorities and the leaf is not. Does not look at dates.
void check_links(const Chain& chain);

/// As jf_identity_methods.verify_chain.
jackfield::Device check_chain(const Chain& chain, const jackfield::Device& expected, std::int64_t now_ms);

/// The day on which it ends, UTC: "2036-11-24".
std::string last_day(const X509* certificate);

/// True once less than a third of the certificate's days are left.
bool wants_renewal(const X509* certificate, std::int64_t now_ms);

} // namespace shared_x509
