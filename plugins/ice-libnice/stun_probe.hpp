// Asks one STUN server from one socket which NAT is in front of us (RFC 5780), and whether that lets us reach our own
// outside (RFC 4787 section 6).
//
// Threads: the loop's. Lifetime: shared by its look and by callbacks under way; `done` is called once, unless it is
// ended before.
#pragma once

#include "network_facts.hpp"
#include "probe_socket.hpp"

#include <shared/ice/nat64.hpp>

namespace jackfield::ice {

class StunProbe : public std::enable_shared_from_this<StunProbe> {
public:
    /// The facts are filled as they become known. They outlive it.
    StunProbe(GlibLoop& loop, Host host, StunFacts& facts, std::function<void()> done);

    /// Of a server behind that NAT64, what it says and what is said of it is IPv4.
    void start(const Endpoint& server, const std::optional<Nat64Prefix>& nat64 = {});

    /// Nothing is sent and heard any more.
    void end();

private:
    unsigned way_to(const Endpoint& place, sockaddr_storage& address) const;
    std::chrono::nanoseconds now() const { return std::chrono::nanoseconds(host_.now_ns()); }
    void turn();
    void readable();
    void take(const Endpoint& from, ByteView packet);
    void heard_error(int error);
    void try_hairpin();
    void finish();

    GlibLoop& loop_;
    Host host_;
    StunFacts& facts_;
    std::function<void()> done_;
    ProbeSocket socket_;
    std::optional<shared_stun::BehaviourDiscovery> discovery_;
    std::optional<Nat64Prefix> nat64_;
    std::chrono::nanoseconds began_{};
    shared_stun::TransactionId hairpin_id_{};
    int hairpins_ = 0; // sent
};

} // namespace jackfield::ice
