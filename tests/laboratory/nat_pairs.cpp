// Calls between two peers behind NATs. See nat_pairs.hpp.

#include "nat_pairs.hpp"

#include <algorithm>
#include <future>

namespace laboratory {

namespace {

using namespace std::chrono_literals;
using scenarios::Json;
using scenarios::Process;

constexpr const char* kRendezvousPort = "80"; // what the strictest let out

/// RFC 6888: a carrier's mapping must not depend on the far end, and its ports are anybody's.
NatBehaviour carrier()
{
    NatBehaviour behaviour = address_restricted();
    behaviour.random_ports = true;
    return behaviour;
}

std::vector<Side> make_sides()
{
    std::vector<Side> sides{{"open", {}, {}},
                            {"full cone", {full_cone()}, {}},
                            {"address-restricted", {address_restricted()}, {}},
                            {"port-restricted", {port_restricted()}, {}},
                            {"symmetric", {symmetric()}, {}},
                            {"home and carrier", {carrier(), port_restricted()}, {}},
                            {"UDP blocked", {udp_blocked()}, {}},
                            {"web only", {web_only()}, {}},
                            {"IPv6 only", {nat64()}, {}}};
    for (Side& side : sides) {
        NatBehaviour all;
        all.udp = side.udp();
        all.mapping = side.mapping();
        all.filtering = side.filtering();
        side.probed = expected_report(all);
    }
    return sides;
}

template <class F>
Dependence strictest(const std::vector<NatBehaviour>& routers, F which)
{
    Dependence most = Dependence::endpoint_independent;
    for (const auto& router : routers)
        most = std::max(most, router.*which);
    return most;
}

/// Whether packets of one side get in to the other, which has sent to where it believes the first to be.
bool gets_in(const Side& from, const Side& to)
{
    const bool expected_port = from.mapping() == Dependence::endpoint_independent;
    return to.filtering() != Dependence::address_and_port_dependent || expected_port;
}

/// From dialling.
double time_of(Process& process, const std::string& step, const std::string& what)
{
    const Json dialled = process.event("call", "start");
    const Json event = process.event(step, "progress", what);
    return event.is_null() || dialled.is_null() ? 0 : event.value("t_ms", 0.0) - dialled.value("t_ms", 0.0);
}

bool is_sound(const Json& event)
{
    return event.contains("detail") && event["detail"].value("what", "") == "statistics" &&
           event["detail"].value("kind", "") == "audio" && event["detail"].contains("path");
}

/// Which way sound goes once it has settled: the first statistics of it tell, or later ones of a call that may still
/// leave its relay.
Way media_way(Process& peer, Way best)
{
    const Json first = peer.find(is_sound);
    if (first.is_null())
        return Way::none;
    const auto direct = [](const Json& one) { return is_sound(one) && !one["detail"]["path"].value("relayed", false); };
    return peer.find(direct, best == Way::direct ? 10s : 0s).is_null() ? Way::relayed : Way::direct;
}

} // namespace

bool Side::udp() const
{
    return std::ranges::all_of(routers, &NatBehaviour::udp);
}

bool Side::web_only() const
{
    return std::ranges::any_of(routers, &NatBehaviour::web_only);
}

bool Side::ipv6_alone() const
{
    return std::ranges::any_of(routers, &NatBehaviour::ipv6_inside);
}

Dependence Side::mapping() const
{
    return strictest(routers, &NatBehaviour::mapping);
}

Dependence Side::filtering() const
{
    return strictest(routers, &NatBehaviour::filtering);
}

const std::vector<Side>& sides()
{
    static const std::vector<Side> all = make_sides();
    return all;
}

const Side& side(const std::string& name)
{
    const auto found = std::ranges::find(sides(), name, &Side::name);
    if (found == sides().end())
        throw std::out_of_range("no side is called \"" + name + "\"");
    return *found;
}

std::string_view name_of(Way way)
{
    switch (way) {
    case Way::none:
        return "no call";
    case Way::relayed:
        return "relayed";
    case Way::direct:
        return "direct";
    }
    return "?";
}

Way best_way(const Side& one, const Side& other)
{
    // The one whose port is known is the one that gets in first; the other then answers where it sees him.
    // Where UDP is blocked, TCP does the same.
    const bool udp = one.udp() && other.udp();
    const bool tcp = !one.web_only() && !other.web_only() && !one.ipv6_alone() && !other.ipv6_alone();
    const bool direct = (udp || tcp) && gets_in(one, other) && gets_in(other, one);
    return direct ? Way::direct : Way::relayed;
}

PairLaboratory::PairLaboratory()
{
    add_relay();
    Host& dht = network_.add_host(network_.internet());
    dht.inside([&] {
        dht_ = std::make_unique<Process>(
            std::vector<std::string>{"dht", "--address", dht.address().text(), "--no-limits", "--events", "json"},
            world_.folder() / "dht.log");
    });
    Host& rendezvous = network_.add_host(network_.internet());
    rendezvous.inside([&] {
        rendezvous_ = std::make_unique<Process>(
            std::vector<std::string>{"--bind", rendezvous.address().text(), "--port", kRendezvousPort, "--store",
                                     (world_.folder() / "rendezvous.sqlite").string(), "--events", "json"},
            world_.folder() / "rendezvous.log", "jackfield-rendezvous");
    });
    const Json node = dht_->first_line();
    bootstrap_ = node.is_object() ? node.value("listening", "") : "";
    rendezvous_->first_line();
    rendezvous_url_ = "http://" + rendezvous.address().text() + ":" + kRendezvousPort;
}

RelayServer& PairLaboratory::add_relay()
{
    const auto folder = world_.folder() / ("relay-" + std::to_string(relays_.size()));
    std::filesystem::create_directory(folder);
    relays_.push_back(std::make_unique<RelayServer>(network_, folder));
    return *relays_.back();
}

void PairLaboratory::kill_discovery()
{
    dht_->kill();
    rendezvous_->kill();
}

Peer PairLaboratory::add_peer(const Side& side, int addresses)
{
    Site* site = &network_.internet();
    std::vector<Router*> routers;
    for (const auto& behaviour : side.routers) {
        routers.push_back(&network_.add_router(*site, behaviour, /*carrier=*/&behaviour != &side.routers.back()));
        site = &routers.back()->inside();
    }
    return {network_.add_host(*site, addresses), routers};
}

bool PairLaboratory::is_as_it_should(const Side& side, const Host& host, std::string& problem) const
{
    const auto found = text_of(probe(host, relay().place()));
    if (found == side.probed)
        return true;
    problem += side.name + " is no such NAT: a probe found " + found + "; ";
    return false;
}

void PairLaboratory::configure(const std::string& peer, const Side& side, const ConfigurationChanges& changes)
{
    const auto turn = [](const RelayServer& relay, const std::string& transport) {
        Json one{{"server", (transport == "tls" ? relay.tls_place() : relay.place()).text()},
                 {"transport", transport},
                 {"username", RelayServer::kUser},
                 {"password", RelayServer::kPassword}};
        if (transport == "tls")
            one.update({{"server_name", RelayServer::kName}, {"ca", relay.ca().string()}});
        return one;
    };
    Json discovery = Json::array({{{"use", "discovery-rendezvous"}, {"config", {{"servers", {rendezvous_url_}}}}}});
    if (side.udp()) // the DHT is over UDP
        discovery.push_back(
            {{"use", "discovery-opendht"}, {"config", {{"bootstrap", {bootstrap_}}, {"public_rate_limits", false}}}});
    Json connectivity{{"stun", {relay().place().text()}}, {"turn", Json::array()}};
    for (const auto& relay : relays_) {
        for (const auto& transport : changes.transports)
            connectivity["turn"].push_back(turn(*relay, transport));
    }
    connectivity.update(changes.connectivity);
    Json slots = changes.slots;
    slots["discovery"] = discovery;
    world_.configure(peer, {.call = changes.call, .connectivity = connectivity, .slots = slots});
}

void PairLaboratory::configure_as_sample(const std::string& peer, const std::string& sample)
{
    std::filesystem::copy_file(JACKFIELD_SOURCE_DIR "/samples/configs/" + sample, world_.folder() / (peer + ".json"),
                               std::filesystem::copy_options::overwrite_existing);
    world_.change(peer, [&](Json& config) {
        config["plugin_path"] = {JACKFIELD_TEST_PLUGIN_DIR};
        config["slots"]["identity"]["config"]["store"] = (world_.folder() / peer).string();
        auto& discovery = config["slots"]["discovery"][0];
        if (discovery["use"] == "discovery-opendht")
            discovery["config"] = {{"bootstrap", {bootstrap_}}, {"public_rate_limits", false}};
        if (discovery["use"] == "discovery-rendezvous")
            discovery["config"] = {{"servers", {rendezvous_url_}}};
        auto& connectivity = config["slots"]["connectivity"]["config"];
        for (Json& server : connectivity["stun"])
            server = relay().place().text();
        for (Json& server : connectivity["turn"]) {
            server["server"] = relay().tls_place().text();
            server["ca"] = relay().ca().string();
        }
    });
}

PairResult PairLaboratory::call(const Side& caller, const Side& callee)
{
    PairResult result;
    Host& alice_host = add_peer(caller).host;
    Host& bob_host = add_peer(callee).host;
    std::string other_problem;
    auto probed = std::async(std::launch::async,
                             [&] { return is_as_it_should(callee, bob_host, other_problem); }); // while the other is
    is_as_it_should(caller, alice_host, result.problem);
    probed.get();
    result.problem += other_problem;
    configure("alice", caller);
    configure("bob", callee);
    std::unique_ptr<Process> alice;
    std::unique_ptr<Process> bob;
    bob_host.inside([&] { bob = world_.listen("bob", {"--answer", "--once", "--send", "test"}); });
    const std::string account = bob->event("identity", "done")["detail"].value("account", "");
    alice_host.inside([&] { alice = world_.call("alice", account, {"--send", "test", "--audio-only"}); });
    result.ringing_ms = time_of(*alice, "signaling", "ringing");
    result.media_ms = time_of(*alice, "media", "first_audio");
    if (const Json path = alice->event("connectivity", "done"); path.is_object()) {
        result.control = path["detail"].value("relayed", false) ? Way::relayed : Way::direct;
        result.control_transport = path["detail"].value("transport", "");
    }
    if (alice->event("media", "progress", "first_audio").is_null()) {
        const Json end = alice->call_end(0s);
        result.problem +=
            "alice hears nothing: " + (end.is_object() ? end.value("text", end.dump()) : "it goes on") + "; ";
        bob->interrupt();
    } else {
        result.media = media_way(*alice, best_way(caller, callee));
        if (bob->event("media", "progress", "first_audio").is_null())
            result.problem += "bob hears nothing; ";
    }
    alice->interrupt();
    if (const int code = alice->exit_code(); code != 0)
        result.problem += "alice ended with " + std::to_string(code) + "; ";
    if (const int code = bob->exit_code(); code != 0)
        result.problem += "bob ended with " + std::to_string(code) + "; ";
    return result;
}

} // namespace laboratory
