// See nat64_look.hpp.
#include "nat64_look.hpp"

#include <shared/ice/local_addresses.hpp>

namespace jackfield::ice {

Nat64Look::Nat64Look(Host host, GlibLoop& loop, Farewells& farewells) : host_(host), loop_(loop), farewells_(farewells)
{
    prefix(); // so that it is known when the first call comes
}

std::optional<Nat64Prefix> Nat64Look::prefix()
{
    if (!lacks_ipv4())
        return std::nullopt;
    const auto source = source_towards(*IpAddress::parse("2001:db8::1")); // RFC 3849: nobody's
    if (source != source_) {                                              // another network, or the first
        source_ = source;
        prefix_.reset();
        lookup_.reset(); // its answer is of no use, and finds that out
        told_ = false;
    }
    if (!prefix_ && lookup_ == nullptr)
        ask();
    return prefix_;
}

bool Nat64Look::under_way(std::function<void()> later)
{
    if (lookup_ == nullptr)
        return false;
    later_.push_back(std::move(later));
    return true;
}

void Nat64Look::give_up()
{
    *alive_ = false;
    lookup_.reset();
    later_.clear();
}

void Nat64Look::ask()
{
    lookup_ = std::make_unique<NameLookup>();
    lookup_->start(loop_, farewells_, kIpv4OnlyName,
                   [posts = host_, alive = alive_, asked = source_, this](std::vector<IpAddress> addresses) {
                       posts.post([alive, asked, this, addresses = std::move(addresses)] {
                           if (*alive && asked == source_)
                               answered(addresses);
                       });
                   });
}

void Nat64Look::answered(const std::vector<IpAddress>& addresses)
{
    prefix_ = Nat64Prefix::find(addresses);
    lookup_.reset();
    if (prefix_)
        host_.info("ice: this network has IPv6 alone; IPv4 is behind its NAT64, " + prefix_->text());
    else if (!told_)
        host_.warning("ice: this network has IPv6 alone, and no DNS64 that tells of a NAT64: IPv4 cannot be reached");
    told_ = true;
    for (const auto& later : std::exchange(later_, {}))
        later();
}

} // namespace jackfield::ice
