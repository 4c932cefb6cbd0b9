// How a device without the account's key becomes one of the account, and what the one with it remembers of the others.
//
// Threads: any; processes take turns.
#pragma once

#include "store.hpp"

namespace identity_x509 {

/// A request for the store, made with a key that stays in it until join, or with the device's own for a new
/// certificate. The same each time. Throws JF_BUSY if an account lives here with its key.
std::string request_of(const StoreOptions& options, const std::atomic<bool>& stop);

/// Puts the chain that was issued in place. Throws JF_BUSY if there is another account here, JF_NOT_FOUND without a
/// request, JF_UNAUTHENTICATED for a chain of another key.
void join(const StoreOptions& options, std::string_view chain_pem, std::int64_t now_ms);

struct AddedDevice {
    std::string device_id;
    std::string serial; ///< of its last certificate
};

inline constexpr std::size_t kMostDevices = 64;

/// Throws JF_BAD_CONFIG if the file is damaged.
std::vector<AddedDevice> added_devices(const StoreOptions& options);

/// Remembers it, or its new certificate. Throws JF_EXHAUSTED when there are kMostDevices.
void remember_device(const StoreOptions& options, AddedDevice device);

} // namespace identity_x509
