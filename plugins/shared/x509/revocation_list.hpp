// The list of an account's revoked devices: an X.509 CRL (RFC 5280 section 5), signed by the account, with a number
// that rises. Each entry has the serial number of a certificate and, in an extension of ours, the id of the device, so
// that it also holds for certificates of that device whose numbers nobody has written down.
//
// Threads: any. Lifetime: values.
#pragma once

#include "account.hpp"

#include <set>

namespace shared_x509 {

inline constexpr std::size_t kMaxListBytes = 8 * 1024;
inline constexpr std::size_t kMaxRevoked = 64;

struct RevocationList {
    std::string account_id;
    std::uint64_t number = 0;
    std::set<std::string> devices; ///< ids
    std::set<std::string> serials; ///< of certificates, hexadecimal
    jackfield::Bytes der;
};

/// A certificate's serial number, hexadecimal.
std::string serial_of(const X509* certificate);

/// One device to be listed. The serial may be empty.
struct RevokedDevice {
    std::string device_id;
    std::string serial;
};

/// Throws JF_EXHAUSTED for more than kMaxRevoked.
jackfield::Bytes make_list(X509* account, EVP_PKEY* account_key, std::uint64_t number,
                           const std::vector<RevokedDevice>& devices, Validity validity);

/// Throws JF_BAD_INPUT for what is no list, or one that is too large; JF_UNAUTHENTICATED if that account did not sign
/// it. Its next update (nextUpdate) is not looked at: a list holds until there is a newer one.
RevocationList read_list(X509* account, jackfield::ByteView der);

/// The entries of a list that was read, to make a longer one of it.
std::vector<RevokedDevice> devices_of(const RevocationList& list);

} // namespace shared_x509
