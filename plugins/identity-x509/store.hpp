// The account and device on disk: two files, account.pem (key, certificate) and device.pem (key, certificate, account).
//
// Threads: one load at a time per process is usual, but several processes may load one store at once.
// Lifetime: the result owns its keys and never changes.
#pragma once

#include "certificates.hpp"

#include <functional>

namespace identity_x509 {

struct StoreOptions {
    std::string folder;
    KeyType key = KeyType::ec_p256; ///< of what is created; what is there stays as it is
    std::string account_name;
    int certificate_days = 3650;
};

/// Who we are. Read by any thread.
struct Account {
    Key account_key;
    Key device_key;
    std::string account_id;
    std::string device_id;
    std::string chain_pem;
};

/// Loads the account and the device, making what is not there yet. A store that is damaged is refused, never changed.
/// `say` takes one line for the log when something was made or renewed.
Account load_account(const StoreOptions& options, std::int64_t now_ms, const std::atomic<bool>& stop,
                     const std::function<void(const std::string&)>& say);

} // namespace identity_x509
