// Parsing, printing and the classes of addresses that ICE treats differently (RFC 8445 section 5.1.1.1).
//
// Threads: pure functions.
#include "ip_address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

namespace jackfield::ice {

std::optional<IpAddress> IpAddress::parse(std::string_view text)
{
    // inet_pton wants a terminated text; the longest address has 45 characters (RFC 4291 section 2.2).
    char buffer[INET6_ADDRSTRLEN];
    if (text.empty() || text.size() >= sizeof(buffer))
        return std::nullopt;
    std::memcpy(buffer, text.data(), text.size());
    buffer[text.size()] = '\0';

    IpAddress address;
    address.v6_ = text.find(':') != std::string_view::npos;
    if (inet_pton(address.v6_ ? AF_INET6 : AF_INET, buffer, address.bytes_.data()) != 1)
        return std::nullopt;
    return address;
}

std::optional<IpAddress> IpAddress::from_sockaddr(const sockaddr* address)
{
    IpAddress result;
    if (address->sa_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, address, sizeof(v4));
        std::memcpy(result.bytes_.data(), &v4.sin_addr, 4);
    } else if (address->sa_family == AF_INET6) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, address, sizeof(v6));
        std::memcpy(result.bytes_.data(), &v6.sin6_addr, 16);
        result.v6_ = true;
    } else {
        return std::nullopt;
    }
    return result;
}

IpAddress IpAddress::from_bytes(std::span<const std::uint8_t> bytes)
{
    IpAddress result;
    result.v6_ = bytes.size() == 16;
    std::ranges::copy(bytes, result.bytes_.begin());
    return result;
}

unsigned IpAddress::to_sockaddr(std::uint16_t port, sockaddr_storage& storage) const
{
    storage = {};
    if (v6_) {
        sockaddr_in6 v6{};
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(port);
        std::memcpy(&v6.sin6_addr, bytes_.data(), 16);
        std::memcpy(&storage, &v6, sizeof(v6));
        return sizeof(v6);
    }
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, bytes_.data(), 4);
    std::memcpy(&storage, &v4, sizeof(v4));
    return sizeof(v4);
}

std::string IpAddress::text() const
{
    char buffer[INET6_ADDRSTRLEN] = "";
    inet_ntop(v6_ ? AF_INET6 : AF_INET, bytes_.data(), buffer, sizeof(buffer));
    return buffer;
}

bool IpAddress::is_loopback() const
{
    if (!v6_)
        return bytes_[0] == 127;
    return std::all_of(bytes_.begin(), bytes_.end() - 1, [](std::uint8_t byte) { return byte == 0; }) &&
           bytes_[15] == 1;
}

bool IpAddress::is_link_local() const
{
    // 169.254/16 (RFC 3927) and fe80::/10 (RFC 4291 section 2.5.6)
    return v6_ ? bytes_[0] == 0xfe && (bytes_[1] & 0xc0) == 0x80 : bytes_[0] == 169 && bytes_[1] == 254;
}

bool IpAddress::is_global_v6() const
{
    return v6_ && (bytes_[0] & 0xE0U) == 0x20U;
}

bool IpAddress::is_unspecified() const
{
    return std::all_of(bytes_.begin(), bytes_.end(), [](std::uint8_t byte) { return byte == 0; });
}

bool IpAddress::is_group() const
{
    // ff00::/8; 224.0.0.0/4, the reserved 240.0.0.0/4 and the limited broadcast in it
    return v6_ ? bytes_[0] == 0xff : bytes_[0] >= 224;
}

} // namespace jackfield::ice
