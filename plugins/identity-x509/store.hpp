// The account and device on disk: account.pem (key, certificate), which may be on another device, and device.pem (key,
// certificate, certificate of the account).
//
// Threads: one load at a time per process is usual, but several processes may load one store at once.
// Lifetime: the result owns its keys and never changes.
#pragma once

#include <shared/x509/account.hpp>

#include <functional>

namespace identity_x509 {

using shared_x509::Account;

/// AccountOptions are for what is created; what is there stays as it is.
struct StoreOptions : shared_x509::AccountOptions {
    std::string folder;
};

/// Loads the account and the device, making what is not there yet. A store that is damaged is refused, never changed.
/// `say` takes one line for the log when something was made or renewed.
Account load_account(const StoreOptions& options, std::int64_t now_ms, const std::atomic<bool>& stop,
                     const std::function<void(const std::string&)>& say);

} // namespace identity_x509
