// identity/1 and the devices it knows, as the kernel uses them.
//
// Threads: [control].

#pragma once

#include "kernel/bind/board.hpp"

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace jackfield::kernel {

/// One device of one account.
struct Device {
    std::string account_id;
    std::string device_id;
    std::string chain_pem;

    Device() = default;
    explicit Device(const jf_device& raw);

    /// Borrows from this object.
    jf_device raw() const;
};

/// Our own device, once identity is loaded. Throws Failure.
Device self_device(const Plug<jf_identity_methods>& identity);

// The account's devices (identity.h). All throw Failure, JF_UNSUPPORTED if the plugin has one device and no other. They
// wait for the disk: not on the control thread.

std::string request_device(const Plug<jf_identity_methods>& identity);
Device issue_device(const Plug<jf_identity_methods>& identity, std::string_view request_pem);
void join_account(const Plug<jf_identity_methods>& identity, std::string_view chain_pem);
void revoke_device(const Plug<jf_identity_methods>& identity, std::string_view device_id);
std::string describe_account(const Plug<jf_identity_methods>& identity); // account.schema.json

/// [control] Nothing if the device's account vouches for it as far as we know: its chain is in order and it was not
/// revoked. Also for a device without a chain, which some service knows.
std::optional<Error> disowned(const Plug<jf_identity_methods>& identity, const Device& device);

} // namespace jackfield::kernel
