// The prefix of this network's NAT64, looked for where there is no IPv4 (shared/ice/nat64.hpp).
//
// Threads:  the control thread; the answer is posted to it.
// Lifetime: the instance's. An answer that comes later finds nobody.
#pragma once

#include "farewells.hpp"
#include "name_lookup.hpp"

#include <jackfield/host.hpp>
#include <shared/ice/nat64.hpp>

#include <memory>

namespace jackfield::ice {

class Nat64Look {
public:
    Nat64Look(Host host, GlibLoop& loop, Farewells& farewells);
    Nat64Look(const Nat64Look&) = delete;
    Nat64Look& operator=(const Nat64Look&) = delete;
    ~Nat64Look() { give_up(); }

    /// No answer is waited for any more.
    void give_up();

    /// Of the network as it is now; nothing if it has IPv4, or no NAT64, or the answer is under way. Asks, if nothing
    /// is known of this network.
    std::optional<Nat64Prefix> prefix();

    /// The last answer.
    const std::optional<Nat64Prefix>& known() const { return prefix_; }

    /// True if the answer is under way: `later` is called when it has come, whatever it says.
    bool under_way(std::function<void()> later);

private:
    void ask();
    void answered(const std::vector<IpAddress>& addresses);

    Host host_;
    GlibLoop& loop_;
    Farewells& farewells_;
    std::unique_ptr<NameLookup> lookup_; // while an answer is under way
    std::optional<IpAddress> source_;    // of ours, in the network that was asked
    std::optional<Nat64Prefix> prefix_;  // of that network
    bool told_ = false;                  // the log has it
    std::vector<std::function<void()>> later_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true); // second owner: the answer. [control]
};

} // namespace jackfield::ice
