// Who we and the peer are in SIP, and how a request finds its way: over a link of our own by account and device, over a
// carried one (carrier.h) as the service says.
//
// Threads: the control thread. Lifetime: Addresses is a member of the session; Way is a value.
#pragma once

#include "sip_config.hpp"

#include <jackfield/signaling.hpp>

#include <string>
#include <vector>

namespace jackfield::sip {

/// How messages are written now. URIs without brackets.
struct Way {
    std::string local;                 ///< our address of record
    std::string remote;                ///< the peer's
    std::string target;                ///< Request-URI of what begins a dialog
    std::string contact;               ///< where we are reached
    std::string transport = "TLS";     ///< of Via (RFC 3261 section 20.42)
    std::string sent_by;               ///< of Via
    std::vector<std::string> routes{}; ///< values of Route, for what begins a dialog
};

class Addresses {
public:
    Addresses(const SipConfig& config, const SignalingOptions& options);

    bool carried() const { return static_cast<bool>(carrier_); }

    /// Over a carried link it may be another one each time; of a service that has just gone it is the last one, which
    /// leads nowhere. Throws Failure if there never was one.
    Way way();

    /// Whether requests in that user's name are the peer's. A service sorts by From before they come here.
    bool is_peer(std::string_view from_user) const { return carried() || from_user == remote_account_; }

    const Carrier& carrier() const { return carrier_; }

private:
    Way ask_carrier() const;

    Way last_;
    bool answered_ = false; ///< the service has said it once
    std::string remote_account_;
    Carrier carrier_;
};

} // namespace jackfield::sip
