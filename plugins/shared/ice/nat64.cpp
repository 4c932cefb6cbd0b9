// The layouts of RFC 6052 section 2.2, forwards and backwards.
//
// Threads: see nat64.hpp.
#include "nat64.hpp"

#include "local_addresses.hpp"

#include <algorithm>

namespace jackfield::ice {

namespace {

constexpr unsigned kPrefixBytes[] = {12, 8, 7, 6, 5, 4}; // /96 first: it is what nearly everybody has
constexpr std::size_t kReserved = 8;                     // bits 64 to 71 are zero, and no part of the IPv4 address
constexpr std::array<std::uint8_t, 4> kWellKnown[] = {{192, 0, 0, 170}, {192, 0, 0, 171}}; // RFC 7050 section 8.2

/// Where the bytes of the IPv4 address are.
std::array<std::size_t, 4> places_after(unsigned prefix)
{
    std::array<std::size_t, 4> places{};
    std::size_t next = prefix;
    for (auto& place : places) {
        if (next == kReserved)
            ++next;
        place = next++;
    }
    return places;
}

std::array<std::uint8_t, 4> embedded(const std::uint8_t* address, unsigned prefix)
{
    std::array<std::uint8_t, 4> v4{};
    std::ranges::transform(places_after(prefix), v4.begin(), [&](std::size_t place) { return address[place]; });
    return v4;
}

/// Nobody's but a network's own.
bool leads_out(const IpAddress& v4)
{
    const std::uint8_t* const bytes = v4.bytes();
    const bool own = bytes[0] == 0 || bytes[0] == 10 || (bytes[0] == 172 && (bytes[1] & 0xF0U) == 16) ||
                     (bytes[0] == 192 && bytes[1] == 168) || (bytes[0] == 100 && (bytes[1] & 0xC0U) == 64);
    return !own && !v4.is_loopback() && !v4.is_link_local() && !v4.is_group();
}

} // namespace

Nat64Prefix::Nat64Prefix(const IpAddress& address, unsigned bytes) : size_(bytes)
{
    std::copy_n(address.bytes(), bytes, bytes_.begin());
}

std::optional<Nat64Prefix> Nat64Prefix::find(std::span<const IpAddress> answers)
{
    for (const auto& answer : answers) {
        if (!answer.is_v6())
            continue;
        std::optional<Nat64Prefix> found;
        int places = 0;
        for (const unsigned bytes : kPrefixBytes) {
            const bool reserved = bytes == 12 || answer.bytes()[kReserved] == 0;
            if (reserved && std::ranges::find(kWellKnown, embedded(answer.bytes(), bytes)) != std::end(kWellKnown)) {
                found = Nat64Prefix(answer, bytes);
                ++places;
            }
        }
        if (places == 1) // else the prefix looks like the address, and the other address must decide
            return found;
    }
    return std::nullopt;
}

std::optional<IpAddress> Nat64Prefix::to_v6(const IpAddress& v4) const
{
    if (v4.is_v6() || !leads_out(v4))
        return std::nullopt;
    auto bytes = bytes_;
    const auto places = places_after(size_);
    for (std::size_t number = 0; number < places.size(); ++number)
        bytes[places[number]] = v4.bytes()[number];
    return IpAddress::from_bytes(bytes);
}

std::optional<IpAddress> Nat64Prefix::to_v4(const IpAddress& v6) const
{
    if (!v6.is_v6() || !std::equal(bytes_.begin(), bytes_.begin() + size_, v6.bytes()))
        return std::nullopt;
    return IpAddress::from_bytes(embedded(v6.bytes(), size_));
}

std::string Nat64Prefix::text() const
{
    return IpAddress::from_bytes(bytes_).text() + '/' + std::to_string(size_ * 8);
}

std::string host_behind(const std::optional<Nat64Prefix>& nat64, const std::string& host)
{
    const auto v4 = IpAddress::parse(host);
    const auto v6 = nat64 && v4 ? nat64->to_v6(*v4) : std::nullopt;
    return v6 ? v6->text() : host;
}

bool lacks_ipv4()
{
    const auto leads = [](const char* address) { // RFC 5737, RFC 3849: nobody's addresses
        const auto source = source_towards(*IpAddress::parse(address));
        return source && !source->is_loopback();
    };
    return !leads("192.0.2.1") && leads("2001:db8::1");
}

} // namespace jackfield::ice
