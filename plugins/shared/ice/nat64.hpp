// NAT64: how a host that has no IPv4 reaches whom has nothing else. A prefix of its network stands before the IPv4
// address (RFC 6052), and a name that has IPv4 addresses alone tells which prefix that is (RFC 7050).
//
// Threads: values and pure functions, but for lacks_ipv4, which asks the system for routes and sends nothing.
#pragma once

#include "ip_address.hpp"

#include <optional>
#include <span>
#include <string>

namespace jackfield::ice {

/// The name whose IPv6 addresses are made by a DNS64, if there is one; with its dot, so that nobody searches domains.
inline constexpr const char* kIpv4OnlyName = "ipv4only.arpa.";

class Nat64Prefix {
public:
    /// Of the addresses of kIpv4OnlyName; nothing if none of them was made by a DNS64 (RFC 7050 section 3).
    static std::optional<Nat64Prefix> find(std::span<const IpAddress> answers);

    /// The address that stands for it (RFC 6052 section 2.2). Nothing for IPv6, and for addresses that lead nowhere
    /// out there: private, shared, loopback, link-local, groups (section 3.1).
    std::optional<IpAddress> to_v6(const IpAddress& v4) const;

    /// What an address stands for; nothing if it does not begin with the prefix.
    std::optional<IpAddress> to_v4(const IpAddress& v6) const;

    /// "64:ff9b::/96"
    std::string text() const;

    friend bool operator==(const Nat64Prefix&, const Nat64Prefix&) = default;

private:
    Nat64Prefix(const IpAddress& address, unsigned bytes);

    std::array<std::uint8_t, 16> bytes_{}; // zeros after the prefix
    unsigned size_ = 12;                   // of the prefix, in bytes
};

/// Where a server is: one with an address of IPv4 behind the NAT64, if there is one, any other where it was. The
/// addresses of a name are made by the DNS64 that told of the NAT64.
std::string host_behind(const std::optional<Nat64Prefix>& nat64, const std::string& host);

/// True if packets to the rest of the world have a way over IPv6, and none over IPv4.
bool lacks_ipv4();

} // namespace jackfield::ice
