// Calls between two peers, each behind a NAT of some kind: who they are, what may be expected, what came.
//
// Threads: the test's.
#pragma once

#include "probe.hpp"
#include "servers.hpp"

#include "tests/scenarios/world.hpp"

namespace laboratory {

/// A sanitizer makes everything slower; bounds of time have so much more.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr double kSlowness = 4;
#else
inline constexpr double kSlowness = 1;
#endif

/// What is in front of a peer.
struct Side {
    std::string name;
    std::vector<NatBehaviour> routers; // from the public network inwards
    std::string probed;                // what a probe finds: see expected_report

    bool udp() const;
    bool web_only() const;
    bool ipv6_alone() const;
    Dependence mapping() const; // the strictest in a row decides
    Dependence filtering() const;
};

const std::vector<Side>& sides();

/// Throws std::out_of_range.
const Side& side(const std::string& name);

enum class Way { none, relayed, direct };

std::string_view name_of(Way way);

/// The best that two sides can do: direct where one mapping does not depend on the far end and both filters let the
/// packets in, relayed otherwise. Where UDP is blocked that goes for TCP, but for who has IPv6 alone: nothing is
/// punched there.
Way best_way(const Side& one, const Side& other);

struct PairResult {
    Way media = Way::none;
    Way control = Way::none;
    std::string control_transport; // tcp, udp
    double ringing_ms = 0;         // from dialling, at the caller
    double media_ms = 0;           // from dialling to the first decoded sound, at the caller
    std::string problem;           // empty: both heard each other, and both ended well
};

/// A host, and what is in front of it, from the public network inwards.
struct Peer {
    Host& host;
    std::vector<Router*> routers;
};

/// Of what a peer is configured with, in the place of what a user behind any NAT would write.
struct ConfigurationChanges {
    scenarios::Json connectivity = scenarios::Json::object();
    scenarios::Json call = scenarios::Json::object();
    scenarios::Json slots = scenarios::Json::object();           // null: none
    std::vector<std::string> transports = {"udp", "tcp", "tls"}; // of relays, of at most four in all
};

/// A public network with a DHT node, a rendezvous server on port 80, and a relay over UDP, TCP and TLS.
class PairLaboratory {
public:
    PairLaboratory();
    PairLaboratory(const PairLaboratory&) = delete;
    PairLaboratory& operator=(const PairLaboratory&) = delete;

    Network& network() { return network_; }
    RelayServer& relay(std::size_t number = 0) const { return *relays_.at(number); }

    /// One more, for whoever is configured from now on.
    RelayServer& add_relay();

    /// Nobody can be found any more.
    void kill_discovery();

    scenarios::World& world() { return world_; }

    /// A host, with so many addresses, behind what that side has in front of it.
    Peer add_peer(const Side& side, int addresses = 1);

    /// True if a probe finds what it should; else it says so in `problem`.
    bool is_as_it_should(const Side& side, const Host& host, std::string& problem) const;

    /// As a user behind any NAT would write it: all servers there are.
    void configure(const std::string& peer, const Side& side, const ConfigurationChanges& changes = {});

    /// A file of samples/configs as it stands, but for where servers and plugins are, and the store.
    void configure_as_sample(const std::string& peer, const std::string& sample);

    /// Alice calls bob, sound both ways, for as long as it takes to see which way it goes.
    PairResult call(const Side& caller, const Side& callee);

private:
    Network network_{1};
    scenarios::World world_{/*with_dht=*/false};
    std::vector<std::unique_ptr<RelayServer>> relays_;
    std::unique_ptr<scenarios::Process> dht_;
    std::unique_ptr<scenarios::Process> rendezvous_;
    std::string bootstrap_;
    std::string rendezvous_url_;
};

} // namespace laboratory
