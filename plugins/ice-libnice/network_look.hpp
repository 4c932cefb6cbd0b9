// One look at the network: every server that is configured, at once, from sockets of its own.
//
// Threads:  made, started and destroyed on the control thread; everything else on the loop's, which is its own.
// Lifetime: a diagnosis session's. The destructor gives up what is under way and waits for the loop alone.
#pragma once

#include "farewells.hpp"
#include "mapping_probe.hpp"
#include "stun_probe.hpp"
#include "turn_probe.hpp"

#include <shared/ice/nat64.hpp>

#include <gio/gio.h>

#include <string>
#include <vector>

namespace jackfield::ice {

class NetworkLook {
public:
    using Done = std::function<void(const NetworkFacts&)>;

    /// `contexts` has one for each relay of the configuration, null unless it is over TLS. `done` is called once, on
    /// the loop. All of that outlives us.
    NetworkLook(Host host, const Config& config, const std::vector<shared_openssl::ContextPtr>& contexts, Done done);
    NetworkLook(const NetworkLook&) = delete;
    NetworkLook& operator=(const NetworkLook&) = delete;
    ~NetworkLook();

    void start(std::chrono::milliseconds limit);

private:
    using Addresses = std::vector<IpAddress>;
    using Resolved = std::function<void(const Addresses&, const std::string& problem)>;
    struct Question;

    void look_at_machine();
    void look_for_nat64();
    void look_at_servers();
    void look_at_router();
    void resolve(const std::string& host, Resolved resolved);
    void ask_stun(const Server& server, const std::string& name, const Addresses& addresses,
                  const std::string& problem);
    void ask_stun(const Endpoint& server, const std::string& name);
    void ask_relay(std::size_t number, const Addresses& addresses, const std::string& problem);
    void one_less();
    void conclude();
    void end();

    Host host_;
    const Config& config_;
    const std::vector<shared_openssl::ContextPtr>& contexts_;
    Done done_;
    NetworkFacts facts_; // its vectors have room for all there will be: probes point into them
    std::vector<std::string> unresolved_;
    std::vector<std::shared_ptr<StunProbe>> stun_;
    std::vector<std::shared_ptr<TurnProbe>> turn_;
    std::shared_ptr<MappingProbe> mapping_; // null: the router is not asked
    std::shared_ptr<MappingProbe> pinhole_; // the same
    std::optional<Nat64Prefix> nat64_;
    int pending_ = 0;
    Farewells looking_up_; // names: the answer must find what asked
    GCancellable* cancel_;
    GlibLoop loop_; // last: it ends first
};

} // namespace jackfield::ice
