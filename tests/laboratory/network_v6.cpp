// IPv6 besides IPv4: addresses, and packets from one interface to the next. See network.hpp.

#include "network.hpp"

#include "tests/scenarios/own_network.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <stdexcept>

namespace laboratory {

namespace {

using namespace std::string_literals;

constexpr std::size_t kHeaderBytes = 40; // RFC 8200 section 3
constexpr std::size_t kPrefixBytes = 8;
constexpr const char* kGateway = "fe80::1"; // of every lan

std::string text_of(const Ipv6Bytes& address)
{
    char text[INET6_ADDRSTRLEN];
    return inet_ntop(AF_INET6, address.data(), text, sizeof(text));
}

/// 2001:db8:<prefix>::<host>
Ipv6Bytes global(std::uint8_t prefix, std::uint8_t host)
{
    Ipv6Bytes address{0x20, 0x01, 0x0D, 0xB8, 0, prefix};
    address.back() = host;
    return address;
}

void ip(const std::vector<std::string>& words)
{
    std::vector<std::string> all{"-6"};
    all.insert(all.end(), words.begin(), words.end());
    if (!scenarios::run("ip", all))
        throw std::runtime_error("laboratory: ip cannot " + words.at(0) + " " + words.at(1) + " " + words.at(2));
}

void add_address(const std::string& address, const char* interface)
{
    ip({"address", "add", address, "dev", interface, "nodad"});
}

} // namespace

std::string Host::ipv6() const
{
    return ipv6_ ? text_of(*ipv6_) : "";
}

void Network::add_ipv6(Host& host)
{
    constexpr std::uint8_t kPublic = 0xFF;
    const auto number = static_cast<std::uint8_t>(host.address().value); // unique on its site
    Host* const router = host.site_->routing_host_;
    const Ipv6Bytes own = global(router != nullptr ? (*router->lan_ipv6_)[5] : kPublic, number);
    host.inside([&] {
        add_address(text_of(own) + "/128", "net");
        if (router != nullptr)
            ip({"route", "add", kGateway, "dev", "net"});
        if (router != nullptr)
            ip({"route", "add", "default", "via", kGateway, "dev", "net"});
        else
            ip({"route", "add", "default", "dev", "net"});
    });
    std::optional<Ipv6Bytes> lan;
    if (host.lan_ != nullptr) {
        lan = global(++prefixes_, 1);
        host.inside([&] {
            scenarios::write_file("/proc/sys/net/ipv6/conf/all/forwarding", "1");
            add_address(kGateway + "/64"s, "lan");
            add_address(text_of(*lan) + "/64", "lan");
        });
    }
    const std::lock_guard lock(mutex_);
    host.ipv6_ = own;
    host.lan_ipv6_ = lan;
}

/// From the lan of a router to a host in it, from there to a neighbour or the router, from anywhere outside to whoever
/// has the address or its prefix. Multicast stays where it is, and of link-local addresses the router's alone is known.
/// [with the lock held]
void Network::route_v6(const Host& from, bool by_lan, std::span<const std::uint8_t> bytes)
{
    if (bytes.size() < kHeaderBytes || bytes[0] >> 4 != 6)
        return;
    Ipv6Bytes to;
    std::copy_n(bytes.begin() + 24, to.size(), to.begin());
    const bool to_all = to[0] == 0xFF;
    const Host* const router = by_lan ? &from : from.site_->routing_host_;
    bool arrived = false;
    for (const auto& host : hosts_) {
        const bool neighbour =
            router != nullptr ? host->site_->routing_host_ == router : host->site_->routing_host_ == nullptr;
        const bool has_prefix = router == nullptr && host->lan_ipv6_ &&
                                std::equal(to.begin(), to.begin() + kPrefixBytes, host->lan_ipv6_->begin());
        if (host.get() == &from || !neighbour || !(host->ipv6_ == to || has_prefix || (to_all && router != nullptr)))
            continue;
        arrived = !to_all;
        [[maybe_unused]] const auto written = write(host->space_.tun(), bytes.data(), bytes.size());
    }
    if (router != nullptr && !by_lan && !arrived) [[maybe_unused]]
        const auto written = write(router->space_.lan(), bytes.data(), bytes.size());
}

} // namespace laboratory
