// identity/1 and the devices it knows, as the kernel uses them.
//
// Threads: [control].

#pragma once

#include "kernel/bind/board.hpp"

#include <compare>
#include <string>

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

} // namespace jackfield::kernel
