// A home router with miniupnpd. See mapping_router.hpp.

#include "mapping_router.hpp"

#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace laboratory {

namespace {

using jackfield::program::Child;

constexpr const char* kProgram = "/usr/sbin/miniupnpd";
constexpr const char* kNft = "/usr/sbin/nft";

/// miniupnpd believes in no outside of the ranges for documentation; this one is the radio amateurs', for tests.
constexpr const char* kOutside = "44.128.0.200"; // and a number

constexpr const char* kRules = R"(
flush ruleset
table inet filter {
    chain miniupnpd {
    }
    chain prerouting_miniupnpd {
    }
    chain postrouting_miniupnpd {
    }
    chain forward {
        type filter hook forward priority 0; policy drop;
        ct state established,related accept
        iifname "lan" accept
        jump miniupnpd
    }
    chain prerouting {
        type nat hook prerouting priority -100;
        jump prerouting_miniupnpd
    }
    chain postrouting {
        type nat hook postrouting priority 100;
        jump postrouting_miniupnpd
        oifname "net" masquerade
    }
}
)";

constexpr const char* kConfiguration = R"(
ext_ifname=net
listening_ip=lan
secure_mode=yes
uuid=00000000-0000-0000-0000-000000000001
min_lifetime=10
max_lifetime=86400
upnp_forward_chain=miniupnpd
upnp_nat_chain=prerouting_miniupnpd
upnp_nat_postrouting_chain=postrouting_miniupnpd
allow 1024-65535 0.0.0.0/0 1024-65535
)";

std::string output_of(const std::vector<std::string>& arguments)
{
    Child child(kNft, arguments, "/dev/null");
    std::string text;
    while (const auto line = child.line())
        text += *line + '\n';
    if (child.wait() != 0)
        throw std::runtime_error("laboratory: nft has failed");
    return text;
}

std::string text_of(const std::filesystem::path& path)
{
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

} // namespace

bool MappingRouter::installed()
{
    return access(kProgram, X_OK) == 0 && access(kNft, X_OK) == 0;
}

MappingRouter::MappingRouter(Network& network, const std::filesystem::path& folder, const std::string& protocols)
    : MappingRouter(network, folder, protocols, 1, false)
{}

std::unique_ptr<MappingRouter> MappingRouter::with_ipv6(Network& network, const std::filesystem::path& folder,
                                                        std::uint8_t number)
{
    const auto own = folder / ("router-" + std::to_string(number));
    std::filesystem::create_directory(own);
    return std::unique_ptr<MappingRouter>(
        new MappingRouter(network, own, "enable_natpmp=yes\nenable_upnp=yes\n", number, true));
}

MappingRouter::MappingRouter(Network& network, std::filesystem::path folder, const std::string& protocols,
                             std::uint8_t number, bool ipv6)
    : host_(network.add_host_at(network.internet(), {Address::parse(kOutside).value + number})),
      inside_(network.add_lan(host_)),
      folder_(std::move(folder))
{
    if (ipv6)
        network.add_ipv6(host_);
    std::ofstream(folder_ / "rules.nft") << kRules;
    std::ofstream(folder_ / "miniupnpd.conf") << kConfiguration << protocols;
    host_.inside([&] { std::ofstream("/proc/sys/net/ipv4/ip_forward") << "1"; });
    host_.inside([&] {
        output_of({"-f", (folder_ / "rules.nft").string()});
        process_ = std::make_unique<Child>(kProgram,
                                           std::vector<std::string>{"-f", (folder_ / "miniupnpd.conf").string(), "-d",
                                                                    "-P", (folder_ / "miniupnpd.pid").string()},
                                           (folder_ / "miniupnpd.log").string());
    });
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (log().find("Listening for NAT-PMP/PCP") == std::string::npos &&
           log().find("HTTP listening") == std::string::npos) {
        if (std::chrono::steady_clock::now() >= end)
            throw std::runtime_error("laboratory: miniupnpd does not start: " + log());
        poll(nullptr, 0, 5); // another process tells nobody when it is ready
    }
}

std::size_t MappingRouter::mapped() const
{
    return rules("prerouting_miniupnpd", "dnat");
}

std::size_t MappingRouter::pinholes() const
{
    return rules("miniupnpd", "@nh,192,128"); // that address is of IPv6, as nft reads what miniupnpd has written
}

std::size_t MappingRouter::rules(const std::string& chain, const std::string& word) const
{
    std::string rules;
    host_.inside([&] { rules = output_of({"list", "chain", "inet", "filter", chain}); });
    std::size_t count = 0;
    for (auto at = rules.find(word); at != std::string::npos; at = rules.find(word, at + 1))
        ++count;
    return count;
}

std::string MappingRouter::log() const
{
    return text_of(folder_ / "miniupnpd.log");
}

} // namespace laboratory
