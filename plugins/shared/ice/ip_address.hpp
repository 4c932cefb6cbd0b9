// An IPv4 or IPv6 address without a port: parsed, printed and classified without any look-up.
//
// Threads: a value; any thread. Lifetime: copies are independent.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

struct sockaddr;
struct sockaddr_storage;

namespace jackfield::ice {

class IpAddress {
public:
    /// Digits only: "192.0.2.1", "2001:db8::1". No names, no scope ids.
    static std::optional<IpAddress> parse(std::string_view text);

    /// Empty if it is neither IPv4 nor IPv6.
    static std::optional<IpAddress> from_sockaddr(const sockaddr* address);

    /// Of IPv4 if there are 4, of IPv6 if there are 16. Others are not allowed.
    static IpAddress from_bytes(std::span<const std::uint8_t> bytes);

    /// Fills it and returns how many bytes of it count.
    unsigned to_sockaddr(std::uint16_t port, sockaddr_storage& storage) const;

    std::string text() const;

    bool is_v6() const { return v6_; }
    bool is_loopback() const;
    bool is_link_local() const;
    bool is_unspecified() const;

    /// IPv6 that everybody could reach (RFC 4291 section 2.5.4: 2000::/3).
    bool is_global_v6() const;

    /// Multicast and broadcast: no single host answers there, so no check may be sent to it.
    bool is_group() const;

    const std::uint8_t* bytes() const { return bytes_.data(); }

    friend bool operator==(const IpAddress&, const IpAddress&) = default;

private:
    bool v6_ = false;
    std::array<std::uint8_t, 16> bytes_{}; // the first four for IPv4
};

} // namespace jackfield::ice
