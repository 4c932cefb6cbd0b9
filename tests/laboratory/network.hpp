// A network of our own: hosts in namespaces of theirs, routers that translate, links that impair, and a public network
// above them all. Every packet goes through this program, so each kind of NAT is exact, and each chance from a seed.
//
//     Network network(1);
//     Router& home = network.add_router(network.internet(), port_restricted());
//     Host& alice = network.add_host(home.inside());
//     alice.inside([] { ... });                          // sockets and processes of hers
//     network.change(alice, R"({"delay_ms": 20})");      // also while it runs
//
// Threads:  one of its own carries packets; everything here may be called on any other.
// Lifetime: hosts and routers are the network's.
#pragma once

#include "link.hpp"
#include "name_space.hpp"
#include "nat.hpp"

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

namespace laboratory {

class Network;
class Router;
class Host;
class Node;

/// Where addresses are each other's neighbours: the public network, or what is behind a router.
class Site {
private:
    friend class Network;
    friend class Router;
    friend class Host;

    Site(Router* router, Address first) : router_(router), next_(first) {}

    Router* router_;                 // which leads out; none from the public network
    bool ipv6_alone_ = false;        // of its hosts
    Host* routing_host_ = nullptr;   // or the host that does
    std::optional<Address> gateway_; // its address in here
    Address next_;                   // that is free
    std::map<Address, Node*> nodes_;
};

/// Something with a cable to a site.
class Node {
public:
    Node(Site& site, std::uint64_t seed) : site_(&site), up_(seed), down_(seed + 1) {}
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;
    virtual ~Node() = default;

private:
    friend class Network;

    Site* site_;
    Link up_; // to the site
    Link down_;
};

class Host final : public Node {
public:
    /// Sockets and processes of this host: see Namespace.
    void inside(const std::function<void()>& function) const { space_.inside(function); }

    Address address() const { return addresses_.front(); }
    const std::vector<Address>& addresses() const { return addresses_; }

    /// What has no IPv4 is known to the network by an address that nobody sees (nat64.hpp).
    bool ipv6_alone() const { return ipv6_alone_; }

    /// Besides IPv4: see Network::add_ipv6. Empty if there is none.
    std::string ipv6() const;

private:
    friend class Network;

    Host(Site& site, std::vector<Address> addresses, std::uint64_t seed);

    std::vector<Address> addresses_;
    bool ipv6_alone_;
    Namespace space_;
    std::unique_ptr<Site> lan_;         // behind its second interface
    std::optional<Ipv6Bytes> ipv6_;     // besides IPv4
    std::optional<Ipv6Bytes> lan_ipv6_; // its own in the lan, a /64
};

class Router final : public Node {
public:
    Site& inside() { return inside_; }
    Address outside() const { return outside_; }

private:
    friend class Network;

    Router(Site& site, Address outside, Address first_inside, const NatBehaviour& behaviour, std::uint64_t seed)
        : Node(site, seed), outside_(outside), nat_(behaviour, outside, seed + 2), inside_(this, first_inside)
    {
        inside_.ipv6_alone_ = behaviour.ipv6_inside;
    }

    Address outside_;
    Nat nat_;
    Site inside_;
    std::uint64_t filtered_ = 0;
};

class Network {
public:
    explicit Network(std::uint64_t seed);
    Network(const Network&) = delete;
    Network& operator=(const Network&) = delete;
    ~Network();

    Site& internet() { return internet_; }

    /// With that many addresses, of those that are the site's to give. Throws std::runtime_error.
    Host& add_host(Site& site, int addresses = 1);

    /// With that very address, which no other has.
    Host& add_host_at(Site& site, Address address);

    /// Behind a host that routes and translates by itself, as its kernel is told: its second interface, "lan", is
    /// 192.168.1.1. Cables of that network are perfect on the router's side.
    Site& add_lan(Host& router);

    /// A global address of IPv6 besides those of IPv4: a neighbour's of the public network; for a host that routes, a
    /// /64 of its own for its lan, too; behind one, an address of that /64. Packets of IPv6 are carried as they are, by
    /// perfect cables. Throws std::runtime_error.
    void add_ipv6(Host& host);

    /// Its outside is a host of that site. Inside are 192.168.1.0/24, behind every router alike, or the addresses of a
    /// carrier (RFC 6598); or there is IPv6 alone, and the router is a NAT64.
    Router& add_router(Site& outside, const NatBehaviour& behaviour, bool carrier = false);

    /// Both directions of a cable, or one: see Link::change. [also while it runs]
    void change(Node& node, std::string_view json);
    void change_up(Node& node, std::string_view json);
    void change_down(Node& node, std::string_view json);
    void cut(Node& node, bool is_cut);

    /// A router that forgets what it has translated.
    void reboot(Router& router);

    /// A router that does otherwise from now on, as when somebody writes a rule into it; what it has translated it
    /// knows.
    void change_nat(Router& router, const NatBehaviour& behaviour);

    /// A router that gets another address of the site outside, as from a carrier that renumbers: nothing of its inside
    /// is told, and what it has translated is forgotten.
    void renumber(Router& router);

    /// A host whose cable is pulled out, and with it its addresses go; move puts it in again.
    void unplug(Host& host);

    /// A host that is taken to another site: its interface has an address of that one, and none of the old.
    void move(Host& host, Site& site);

    /// What has come to the router's outside and was let in to nobody.
    std::uint64_t filtered(const Router& router) const;
    std::size_t mappings(const Router& router) const;
    LinkCounts up(const Node& node) const;
    LinkCounts down(const Node& node) const;

private:
    struct Parcel { // a packet on its way through a cable
        Time at;
        std::uint64_t order;
        Node* node;
        bool upwards;
        Packet packet;
    };

    Address take_address(Site& site);
    Host& add_host_with(Site& site, const std::vector<Address>& addresses);
    Time now() const;
    void run();
    void wait_for_packets(std::unique_lock<std::mutex>& lock);
    void read(Host& host);
    static void write_to(const Host& host, const Packet& packet);
    void read_lan(Host& host);
    void route_v6(const Host& from, bool by_lan, std::span<const std::uint8_t> bytes);
    void carry(Node& node, bool upwards, Packet packet);
    void come_out(Node& node, bool upwards, Packet packet);
    void route(Site& site, Packet packet);
    void go_out(Router& router, Packet packet);
    void come_in(Router& router, Packet packet);
    void refuse(Router& router, const Packet& packet);
    void wake();

    const std::chrono::steady_clock::time_point began_;
    std::uint64_t seed_;
    Site internet_{nullptr, Address::parse("198.51.100.1")};
    std::deque<std::unique_ptr<Host>> hosts_;
    std::deque<std::unique_ptr<Router>> routers_;
    mutable std::mutex mutex_;    // guards all of the above and below
    std::vector<Parcel> parcels_; // a heap, the next one in front
    std::uint64_t order_ = 0;
    std::uint8_t prefixes_ = 0; // of IPv6, given to lans
    int woken_;                 // an eventfd
    bool stop_ = false;
    std::thread thread_; // last: it uses all of the above
};

} // namespace laboratory
