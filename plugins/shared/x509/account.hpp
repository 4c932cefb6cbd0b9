// An account and a device of it: how they are made, and what an identity needs of them.
//
// Threads: any. Lifetime: results own their keys and never change.
#pragma once

#include "certificates.hpp"

namespace shared_x509 {

/// What is made, as the configuration wishes it.
struct AccountOptions {
    KeyType key = KeyType::ec_p256;
    std::string account_name; ///< in the account certificate; empty takes the id
    int certificate_days = 3650;
};

/// A key and the certificates that belong to it, its own first.
struct Credential {
    Key key;
    Chain chain;
};

/// Who we are. Read by any thread.
struct Account {
    Key account_key; ///< null on a device that does not hold it
    Key device_key;
    Certificate account_certificate;
    std::string account_id;
    std::string device_id;
    std::string chain_pem;
    bool keys_stay = false; ///< in a token: they can be used, not had
};

/// `stop` ends it early (Failure JF_CANCELLED).
Credential make_account(const AccountOptions& options, std::int64_t now_ms, const std::atomic<bool>& stop);

/// With a key of the account's kind.
Credential make_device(const Credential& account, Validity validity, const std::atomic<bool>& stop);

/// A certificate for the device key, and a copy of the account's behind it.
Chain device_chain(const EVP_PKEY* device_key, const Credential& account, Validity validity);

/// `account` may have no key, or nothing at all: then the device's chain says which it is.
Account account_of(Credential account, Credential device);

} // namespace shared_x509
