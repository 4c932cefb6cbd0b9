// A network of our own. See network.hpp.

#include "network.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>

namespace laboratory {

namespace {

constexpr int kMtu = 1500;
constexpr int kPacketsAtOnce = 64; // of one host, before the next one's turn
constexpr std::size_t kMaxParcels = 100'000;

/// For a heap with the earliest in front.
constexpr auto kLater = [](const auto& a, const auto& b) { return a.at != b.at ? a.at > b.at : a.order > b.order; };

} // namespace

Host::Host(Site& site, std::vector<Address> addresses, std::uint64_t seed)
    : Node(site, seed),
      addresses_(std::move(addresses)),
      ipv6_alone_(site.ipv6_alone_),
      space_(addresses_, kMtu, site.gateway_)
{
    if (ipv6_alone_)
        space_.use_ipv6_alone(addresses_, neighbour_v6(address()));
}

Network::Network(std::uint64_t seed)
    : began_(std::chrono::steady_clock::now()),
      seed_(seed),
      woken_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      thread_([this] { run(); })
{}

Network::~Network()
{
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    wake();
    thread_.join();
    close(woken_);
}

void Network::wake()
{
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = write(woken_, &one, sizeof(one));
}

Address Network::take_address(Site& site)
{
    const Address taken = site.next_;
    ++site.next_.value;
    return taken;
}

Host& Network::add_host(Site& site, int addresses)
{
    std::vector<Address> own;
    {
        const std::lock_guard lock(mutex_);
        for (int number = 0; number < addresses; ++number)
            own.push_back(take_address(site));
    }
    return add_host_with(site, own);
}

Host& Network::add_host_at(Site& site, Address address)
{
    return add_host_with(site, {address});
}

Site& Network::add_lan(Host& router)
{
    const Address own = Address::parse("192.168.1.1");
    router.space_.add_lan(own, kMtu);
    const std::lock_guard lock(mutex_);
    router.lan_.reset(new Site(nullptr, Address::parse("192.168.1.2")));
    router.lan_->routing_host_ = &router;
    router.lan_->gateway_ = own;
    wake();
    return *router.lan_;
}

Host& Network::add_host_with(Site& site, const std::vector<Address>& own)
{
    std::uint64_t seed = 0;
    {
        const std::lock_guard lock(mutex_);
        seed = seed_ += 10;
    }
    std::unique_ptr<Host> host(new Host(site, own, seed)); // takes the system a while
    Host& added = *host;
    {
        const std::lock_guard lock(mutex_);
        for (const Address address : own)
            site.nodes_[address] = host.get();
        hosts_.push_back(std::move(host));
    }
    wake();
    return added;
}

Router& Network::add_router(Site& outside, const NatBehaviour& behaviour, bool carrier)
{
    const std::lock_guard lock(mutex_);
    const Address first = Address::parse(carrier ? "100.64.0.2" : "192.168.1.2");
    const Address own = take_address(outside);
    std::unique_ptr<Router> router(new Router(outside, own, first, behaviour, seed_ += 10));
    outside.nodes_[own] = router.get();
    routers_.push_back(std::move(router));
    return *routers_.back();
}

void Network::change(Node& node, std::string_view json)
{
    change_up(node, json);
    change_down(node, json);
}

void Network::change_up(Node& node, std::string_view json)
{
    const std::lock_guard lock(mutex_);
    node.up_.change(json, now());
}

void Network::change_down(Node& node, std::string_view json)
{
    const std::lock_guard lock(mutex_);
    node.down_.change(json, now());
}

void Network::cut(Node& node, bool is_cut)
{
    const std::lock_guard lock(mutex_);
    node.up_.cut(is_cut);
    node.down_.cut(is_cut);
}

void Network::reboot(Router& router)
{
    const std::lock_guard lock(mutex_);
    router.nat_.reboot();
}

void Network::change_nat(Router& router, const NatBehaviour& behaviour)
{
    const std::lock_guard lock(mutex_);
    router.nat_.behave(behaviour);
}

void Network::renumber(Router& router)
{
    const std::lock_guard lock(mutex_);
    router.site_->nodes_.erase(router.outside_);
    router.outside_ = take_address(*router.site_);
    router.site_->nodes_[router.outside_] = &router;
    router.nat_.renumber(router.outside_);
}

void Network::unplug(Host& host)
{
    {
        const std::lock_guard lock(mutex_);
        std::erase_if(host.site_->nodes_, [&](const auto& entry) { return entry.second == &host; });
    }
    host.space_.renumber(host.addresses_, {});
    host.addresses_.clear();
}

void Network::move(Host& host, Site& site)
{
    std::vector<Address> own;
    {
        const std::lock_guard lock(mutex_);
        std::erase_if(host.site_->nodes_, [&](const auto& entry) { return entry.second == &host; });
        own.push_back(take_address(site));
        site.nodes_[own.front()] = &host;
        host.site_ = &site;
    }
    host.space_.renumber(host.addresses_, own);
    host.addresses_ = own;
}

std::uint64_t Network::filtered(const Router& router) const
{
    const std::lock_guard lock(mutex_);
    return router.filtered_;
}

std::size_t Network::mappings(const Router& router) const
{
    const std::lock_guard lock(mutex_);
    return router.nat_.mappings(now());
}

LinkCounts Network::up(const Node& node) const
{
    const std::lock_guard lock(mutex_);
    return node.up_.counts();
}

LinkCounts Network::down(const Node& node) const
{
    const std::lock_guard lock(mutex_);
    return node.down_.counts();
}

Time Network::now() const
{
    return std::chrono::steady_clock::now() - began_;
}

// --- on the network's thread, with the lock held --------------------------------------------------------------------

void Network::run()
{
    std::unique_lock lock(mutex_);
    while (!stop_) {
        wait_for_packets(lock);
        while (!parcels_.empty() && parcels_.front().at <= now()) {
            std::ranges::pop_heap(parcels_, kLater);
            Parcel parcel = std::move(parcels_.back());
            parcels_.pop_back();
            come_out(*parcel.node, parcel.upwards, std::move(parcel.packet));
        }
    }
}

void Network::wait_for_packets(std::unique_lock<std::mutex>& lock)
{
    std::vector<pollfd> ready{{woken_, POLLIN, 0}};
    std::vector<Host*> hosts;
    for (const auto& host : hosts_) {
        ready.push_back({host->space_.tun(), POLLIN, 0});
        ready.push_back({host->lan_ != nullptr ? host->space_.lan() : -1, POLLIN, 0});
        hosts.push_back(host.get());
    }
    timespec left{};
    if (!parcels_.empty()) {
        const auto until = std::max(parcels_.front().at - now(), Time::zero());
        left = {static_cast<time_t>(until.count() / 1'000'000'000), static_cast<long>(until.count() % 1'000'000'000)};
    }
    lock.unlock();
    ppoll(ready.data(), ready.size(), parcels_.empty() ? nullptr : &left, nullptr);
    lock.lock();
    std::uint64_t ignored = 0;
    if (ready[0].revents != 0) [[maybe_unused]]
        const auto count = ::read(woken_, &ignored, sizeof(ignored));
    for (std::size_t number = 0; number < hosts.size(); ++number) {
        if (ready[2 * number + 1].revents != 0)
            read(*hosts[number]);
        if (ready[2 * number + 2].revents != 0)
            read_lan(*hosts[number]);
    }
}

void Network::read(Host& host)
{
    std::uint8_t buffer[65'536];
    for (int count = 0; count < kPacketsAtOnce; ++count) {
        const auto size = ::read(host.space_.tun(), buffer, sizeof(buffer));
        if (size <= 0)
            return;
        const std::span<const std::uint8_t> bytes(buffer, static_cast<std::size_t>(size));
        if (host.ipv6_) // has IPv4, too
            route_v6(host, false, bytes);
        if (auto packet = host.ipv6_alone_ ? to_v4(bytes) : Packet::parse(bytes))
            carry(host, true, std::move(*packet));
    }
}

void Network::read_lan(Host& host)
{
    std::uint8_t buffer[65'536];
    for (int count = 0; count < kPacketsAtOnce; ++count) {
        const auto size = ::read(host.space_.lan(), buffer, sizeof(buffer));
        if (size <= 0)
            return;
        const std::span<const std::uint8_t> bytes(buffer, static_cast<std::size_t>(size));
        route_v6(host, true, bytes);
        const auto packet = Packet::parse(bytes);
        const bool to_all = packet && packet->destination().address.value >> 28 == 0xE; // multicast
        for (const auto& [address, neighbour] : host.lan_->nodes_) {
            if (packet && (to_all || address == packet->destination().address))
                carry(*neighbour, false, *packet);
        }
    }
}

void Network::carry(Node& node, bool upwards, Packet packet)
{
    Link& link = upwards ? node.up_ : node.down_;
    const Time at = now();
    const Fate fate = link.carry(packet.bytes().size(), at);
    for (std::size_t copy = 0; copy < fate.copies; ++copy) {
        if (fate.at[copy] <= at) {
            come_out(node, upwards, packet);
        } else if (parcels_.size() < kMaxParcels) {
            parcels_.push_back({fate.at[copy], ++order_, &node, upwards, packet});
            std::ranges::push_heap(parcels_, kLater);
        }
    }
}

/// At the end of a cable: on the site, or in the host or router.
void Network::come_out(Node& node, bool upwards, Packet packet)
{
    if (upwards) {
        route(*node.site_, std::move(packet));
    } else if (auto* const router = dynamic_cast<Router*>(&node)) {
        come_in(*router, std::move(packet));
    } else {
        write_to(static_cast<Host&>(node), packet);
    }
}

void Network::write_to(const Host& host, const Packet& packet)
{
    const auto bytes = host.ipv6_alone_ ? to_v6(packet) : packet.bytes();
    [[maybe_unused]] const auto written =
        write(host.space_.tun(), bytes.data(), bytes.size()); // full: lost, as anywhere
}

/// To the neighbour with that address, else out; to all neighbours that are hosts if it is multicast, which no router
/// passes on. Nobody says that an address leads nowhere.
void Network::route(Site& site, Packet packet)
{
    if (packet.destination().address.is_multicast()) {
        for (const auto& [address, node] : site.nodes_) {
            const auto* host = dynamic_cast<Host*>(node);
            if (host != nullptr && !host->ipv6_alone_ && host->address() == address &&
                packet.source().address != address)
                carry(*node, false, packet);
        }
        if (site.routing_host_ != nullptr) [[maybe_unused]]
            const auto written = write(site.routing_host_->space_.lan(), packet.bytes().data(), packet.bytes().size());
        return;
    }
    const auto neighbour = site.nodes_.find(packet.destination().address);
    if (neighbour != site.nodes_.end())
        carry(*neighbour->second, false, std::move(packet));
    else if (site.routing_host_ != nullptr) // what is for all of the network is for it, too
        [[maybe_unused]]
        const auto written = write(site.routing_host_->space_.lan(), packet.bytes().data(), packet.bytes().size());
    else if (site.router_ != nullptr && packet.hop())
        go_out(*site.router_, std::move(packet));
}

void Network::go_out(Router& router, Packet packet)
{
    const bool hairpin = packet.destination().address == router.outside_;
    if (hairpin && !router.nat_.behaviour().hairpin)
        return;
    if (router.nat_.refuses(packet))
        return refuse(router, packet);
    if (!router.nat_.outbound(packet, now()))
        return;
    if (hairpin) // seen from there as from outside (RFC 4787 REQ-9 a)
        come_in(router, std::move(packet));
    else
        carry(router, true, std::move(packet));
}

/// Tells a host that is right behind the router.
void Network::refuse(Router& router, const Packet& packet)
{
    const auto found = router.inside_.nodes_.find(packet.source().address);
    const auto* const host = found != router.inside_.nodes_.end() ? dynamic_cast<Host*>(found->second) : nullptr;
    if (host == nullptr || host->ipv6_alone_)
        return;
    const auto answer = port_unreachable(packet);
    [[maybe_unused]] const auto written = write(host->space_.tun(), answer.data(), answer.size());
}

void Network::come_in(Router& router, Packet packet)
{
    if (packet.hop() && router.nat_.inbound(packet, now()))
        route(router.inside_, std::move(packet));
    else
        ++router.filtered_;
}

} // namespace laboratory
