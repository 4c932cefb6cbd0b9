// One network namespace with a loopback and one interface, whose packets come to us (TUN).
//
// Threads: make and inside on any thread; each uses a thread of its own, because a namespace is a thread's.
// Lifetime: the namespace lives as long as this object, or a process or socket in it.
#pragma once

#include "name_server.hpp"
#include "nat64.hpp"

#include <functional>
#include <memory>
#include <optional>

namespace laboratory {

class Namespace {
public:
    /// The interface "net" has these addresses and leads everywhere, by way of the gateway if there is one. Throws
    /// std::runtime_error.
    Namespace(const std::vector<Address>& addresses, int mtu, std::optional<Address> gateway = {});
    Namespace(const Namespace&) = delete;
    Namespace& operator=(const Namespace&) = delete;
    ~Namespace();

    /// Runs it on a thread in the namespace, and waits for its end. Sockets that it opens and processes that it starts
    /// stay there. What it throws is thrown here.
    void inside(const std::function<void()>& function) const;

    /// The interface has the new addresses and none of the old ones. Throws std::runtime_error.
    void renumber(const std::vector<Address>& old_addresses, const std::vector<Address>& addresses) const;

    /// From now on the interface has that address, which leads everywhere, and none of IPv4; and whoever is inside asks
    /// a name server that is here (name_server.hpp). Throws std::runtime_error.
    void use_ipv6_alone(const std::vector<Address>& old_addresses, const Ipv6Bytes& address);

    /// Each read is a packet that left, each write one that arrives. Does not block.
    int tun() const { return tun_; }

    /// A second interface, "lan", with that address and the network around it (/24); -1 before that.
    void add_lan(Address address, int mtu);
    int lan() const { return lan_; }

private:
    void make(const std::vector<Address>& addresses, int mtu, std::optional<Address> gateway);

    std::unique_ptr<NameServer> names_; // null: what the machine has
    int space_ = -1;
    int tun_ = -1;
    int lan_ = -1;
};

} // namespace laboratory
