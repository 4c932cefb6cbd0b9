// A link that a service carries (carrier.h), as the kernel uses it: a path, and who speaks to the service.
//
// Threads:  [control].
// Lifetime: a link's; what stands on its path goes first.

#pragma once

#include "kernel/bind/identity.hpp"

#include <jackfield/abi/carrier.h>

#include <memory>
#include <string>
#include <utility>

namespace jackfield::kernel {

/// Owns one carrier.
class Carried {
public:
    Carried(jf_carrier carrier, std::string plugin_id) : carrier_(carrier), plugin_id_(std::move(plugin_id)) {}
    Carried(const Carried&) = delete;
    Carried& operator=(const Carried&) = delete;
    ~Carried() { carrier_.methods->release(carrier_.self); }

    const jf_carrier& raw() const { return carrier_; }
    const std::string& plugin_id() const { return plugin_id_; }

    /// Who we are for the service, "sip:alice@example.net"; empty if it does not say.
    std::string local() const;

private:
    jf_carrier carrier_;
    std::string plugin_id_;
};

} // namespace jackfield::kernel
