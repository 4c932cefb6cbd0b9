// Peers of a test: the real plugin, each with an identity and a host of its own, in a DHT on loopback that nobody else
// is in.
//
// Threads: the test's thread is the control thread of all of them. Lifetime: a Network outlives its peers.
#pragma once

#include "tests/plugins/discovery_peer.hpp"

#include <jackfield/testing/free_port.hpp>

#include <random>

namespace discovery_opendht::testing {

using namespace jackfield;
using namespace jackfield::testing;
using nlohmann::json;

class Peer final : public discovery_test::Peer {
public:
    Peer(const json& config, const TestIdentity* identity) : discovery_test::Peer("discovery-opendht", config, identity)
    {}
};

class Network {
public:
    json config(const std::vector<std::string>& bootstrap) const
    {
        return {
            {"listen", "127.0.0.1:0"}, {"network", number_}, {"public_rate_limits", false}, {"bootstrap", bootstrap}};
    }

    std::unique_ptr<Peer> peer(const std::vector<std::string>& bootstrap, const TestIdentity* identity)
    {
        return std::make_unique<Peer>(config(bootstrap), identity);
    }

    /// Runs all of them until it holds.
    static bool until(const std::vector<Peer*>& peers, const std::function<bool()>& done,
                      std::chrono::milliseconds deadline = std::chrono::seconds(20))
    {
        std::vector<FakeHost*> hosts;
        for (Peer* peer : peers)
            hosts.push_back(&peer->host);
        return FakeHost::run_together(hosts, done, deadline);
    }

private:
    std::uint32_t number_ = std::random_device{}() | 1U;
};

using discovery_test::request;

} // namespace discovery_opendht::testing
