// What a look at the network means. See network_facts.hpp.
//
// The order is that of causes: a machine without addresses makes every server silent, a network without UDP all those
// over UDP; a server is blamed for its silence only when none of that explains it.
#include "network_facts.hpp"
#include "relay_findings.hpp"

#include <nlohmann/json.hpp>

#include <openssl/x509_vfy.h>

#include <algorithm>

namespace jackfield::ice {

namespace {

using Json = nlohmann::json;
using shared_stun::Dependence;

constexpr std::uint16_t kWebPorts[] = {80, 443};

/// What explains several silences at once.
enum class Cause { none, no_address, no_network, no_udp, web_only };

std::string name_of(RelayTransport transport)
{
    return transport == RelayTransport::udp ? "UDP" : transport == RelayTransport::tcp ? "TCP" : "TLS";
}

std::string text_of(const shared_stun::Endpoint& endpoint)
{
    const std::string address = endpoint.address.text();
    return (endpoint.address.is_v6() ? "[" + address + "]" : address) + ":" + std::to_string(endpoint.port);
}

std::string in_ms(double ms)
{
    return std::to_string(static_cast<long>(ms + 0.5)) + " ms";
}

bool to_the_web(const TurnFacts& turn)
{
    return std::ranges::find(kWebPorts, turn.port) != std::end(kWebPorts);
}

bool any_udp_answer(const NetworkFacts& facts)
{
    return std::ranges::any_of(facts.stun, [](const StunFacts& one) { return one.answered() || one.refused; }) ||
           std::ranges::any_of(
               facts.turn, [](const TurnFacts& one) { return one.transport == RelayTransport::udp && one.answered(); });
}

bool asks_over_udp(const NetworkFacts& facts)
{
    return !facts.stun.empty() ||
           std::ranges::any_of(facts.turn, [](const TurnFacts& one) { return one.transport == RelayTransport::udp; });
}

Cause cause_of(const NetworkFacts& facts)
{
    if (facts.only_loopback && facts.stun.empty() && facts.turn.empty())
        return Cause::none; // a machine that means to talk to itself
    if (facts.addresses.empty() || (facts.only_loopback && !facts.route_v4 && !facts.route_v6))
        return Cause::no_address;
    if (any_udp_answer(facts) || (facts.stun.empty() && facts.turn.empty()))
        return Cause::none;
    const auto stream_answered = [&](auto wanted) {
        return std::ranges::any_of(facts.turn, [&](const TurnFacts& one) {
            return one.transport != RelayTransport::udp && one.answered() && wanted(one);
        });
    };
    if (!stream_answered([](const TurnFacts&) { return true; })) {
        // Names that lead nowhere, or ports where nobody listens, are the servers' own fault.
        const auto own_fault = [](const auto& one) { return !one.problem.empty(); };
        const bool all = std::ranges::all_of(facts.stun, own_fault) && std::ranges::all_of(facts.turn, own_fault);
        return all && (facts.route_v4 || facts.route_v6) ? Cause::none : Cause::no_network;
    }
    if (!asks_over_udp(facts))
        return Cause::none;
    const bool others_silent = std::ranges::any_of(facts.turn, [](const TurnFacts& one) {
        return one.transport != RelayTransport::udp && !one.answered() && !to_the_web(one);
    });
    const bool others_answer = stream_answered([](const TurnFacts& one) { return !to_the_web(one); });
    return others_silent && !others_answer ? Cause::web_only : Cause::no_udp;
}

const TurnFacts* working_relay(const NetworkFacts& facts)
{
    const auto found = std::ranges::find_if(facts.turn, &TurnFacts::works);
    return found == facts.turn.end() ? nullptr : &*found;
}

class Findings {
public:
    explicit Findings(const NetworkFacts& facts) : facts_(facts), cause_(cause_of(facts)) {}

    std::vector<Finding> all()
    {
        network();
        for (std::size_t i = 0; i < facts_.stun.size(); ++i)
            stun(facts_.stun[i], "stun/" + std::to_string(i));
        for (std::size_t i = 0; i < facts_.turn.size(); ++i)
            turn(facts_.turn[i], "turn/" + std::to_string(i));
        nat();
        hairpin();
        ipv6();
        nat64();
        port_mapping();
        pinhole();
        clock();
        return std::move(list_);
    }

private:
    void add(std::string check, Verdict verdict, std::string sentence, std::string advice = {},
             const Json& details = {})
    {
        list_.push_back({std::move(check), verdict, std::move(sentence), std::move(advice),
                         details.is_object() ? details.dump() : "{}"});
    }

    /// Something else explains it.
    void skip(const std::string& check, const std::string& name, const std::string& problem, const Json& details = {})
    {
        add(check, Verdict::skipped,
            name + " was not reached" + (problem.empty() ? "" : " (" + problem + ")") + "; see \"network\"", "",
            details);
    }

    bool explained() const { return cause_ == Cause::no_address || cause_ == Cause::no_network; }

    std::string servers() const
    {
        std::string names;
        const auto name = [&](const std::string& server) {
            if (names.find(server) == std::string::npos)
                names += (names.empty() ? "" : ", ") + server;
        };
        for (const auto& one : facts_.stun)
            name(one.server);
        for (const auto& one : facts_.turn)
            name(one.server);
        return names;
    }

    /// The network as a whole: what explains the rest.
    void network()
    {
        Json details{{"addresses", Json::array()}, {"route_v4", facts_.route_v4}, {"route_v6", facts_.route_v6}};
        if (facts_.lacks_v4)
            details["nat64"] = facts_.nat64;
        for (const auto& address : facts_.addresses)
            details["addresses"].push_back(address.text());
        const TurnFacts* const relay = working_relay(facts_);
        const std::string through =
            relay != nullptr ? "; calls go through the relay " + relay->server + " over " + name_of(relay->transport)
                             : "";
        const std::string relay_advice =
            "name a relay over TLS on port 443 in \"turn\" (\"transport\": \"tls\"), or have UDP let out";
        switch (cause_) {
        case Cause::no_address:
            return add(
                "network", Verdict::problem,
                "This machine has no network: no address but its own loopback, and no route to anywhere",
                "connect it (cable, wireless, VPN); if it is connected, look at \"interfaces\" and \"addresses\" "
                "of this plugin's configuration",
                details);
        case Cause::no_network:
            return add(
                "network", Verdict::problem,
                "Nothing answers: not one of the servers that are configured (" + servers() + "), by UDP, TCP or TLS" +
                    (facts_.route_v4 || facts_.route_v6 ? "" : ", and this machine has no route to them"),
                "the network is down or lets nothing out: check the cable or wireless, the router, and whether a "
                "browser works; if it does, check the names and ports of \"stun\" and \"turn\"",
                details);
        case Cause::no_udp:
            return add("network", relay != nullptr ? Verdict::note : Verdict::problem,
                       "UDP is blocked: no server answers over UDP, though TCP gets through" +
                           (relay != nullptr ? through : "; no relay over TCP or TLS works, so no media can flow"),
                       relay != nullptr ? "have UDP let out for direct calls, which are faster" : relay_advice,
                       details);
        case Cause::web_only:
            return add(
                "network", relay != nullptr ? Verdict::note : Verdict::problem,
                "Only the web is let out of this network: UDP is blocked, TCP to other ports too, and port 443 or "
                "80 answers" +
                    (relay != nullptr ? through : "; no relay there works, so no media can flow"),
                relay != nullptr ? "nothing, unless calls are slow: then have UDP let out" : relay_advice, details);
        case Cause::none:
            return add("network", Verdict::ok,
                       "This machine has " + std::to_string(facts_.addresses.size()) +
                           (facts_.addresses.size() == 1 ? " address" : " addresses") + " to be called at",
                       "", details);
        }
    }

    void stun(const StunFacts& one, const std::string& check)
    {
        const std::string name = "The STUN server " + one.server + (one.v6 ? " over IPv6" : "");
        if (one.answered())
            return add(check, Verdict::ok,
                       name + " answers after " + in_ms(one.answer_ms) + " and sees us as " +
                           text_of(*one.report.mapped),
                       "", {{"answer_ms", one.answer_ms}, {"mapped", text_of(*one.report.mapped)}});
        if (explained() || ((cause_ == Cause::no_udp || cause_ == Cause::web_only) && one.problem.empty()))
            return skip(check, name, one.problem);
        if (one.problem.empty())
            return add(check, Verdict::problem, name + " does not answer",
                       "check its name and port in \"stun\"; it may be down, or not let us in");
        add(check, Verdict::problem, name + " cannot be asked: " + one.problem, "check its name and port in \"stun\"");
    }

    void turn(const TurnFacts& one, const std::string& check)
    {
        const std::string name = "The relay " + one.server + " over " + name_of(one.transport);
        Json details{{"transport", name_of(one.transport)}};
        for (const auto& [key, ms] : {std::pair("connect_ms", one.connect_ms),
                                      {"handshake_ms", one.handshake_ms},
                                      {"allocate_ms", one.allocate_ms}}) {
            if (ms > 0)
                details[key] = ms;
        }
        if (one.works()) {
            const double total = one.connect_ms + one.handshake_ms + one.allocate_ms;
            if (one.answer->relayed)
                details["relayed"] = text_of(*one.answer->relayed);
            return add(check, Verdict::ok, name + " takes us after " + in_ms(total), "", details);
        }
        if (one.answer)
            return list_.push_back(refusing_relay(one, check, name, std::move(details)));
        const bool udp_is_blocked =
            (cause_ == Cause::no_udp || cause_ == Cause::web_only) && one.transport == RelayTransport::udp;
        const bool port_is_blocked = cause_ == Cause::web_only && !to_the_web(one);
        if (explained() || ((udp_is_blocked || port_is_blocked) && one.problem.empty()))
            return skip(check, name, one.problem, details);
        list_.push_back(unreached_relay(one, check, name, std::move(details)));
    }

    /// The NAT in front of us, and what it means for calls (RFC 4787 sections 4.1 and 5).
    void nat()
    {
        const auto known = std::ranges::find_if(facts_.stun, &StunFacts::answered);
        const TurnFacts* const relay = working_relay(facts_);
        const bool other_network = cause_ != Cause::none;
        if (facts_.relay_only && relay == nullptr && !explained())
            return add("nat", Verdict::problem, "Only relays may be used (\"relay_only\"), and none of them works",
                       "correct the relays: see \"turn\" above; or take \"relay_only\" back");
        if (known == facts_.stun.end()) {
            if (facts_.stun.empty() && !facts_.only_loopback)
                return add("nat", relay != nullptr || facts_.port_mapping ? Verdict::skipped : Verdict::note,
                           "No STUN server is configured: peers outside this network learn no address of ours",
                           "name one or two servers in \"stun\", unless all peers are in one network");
            return add("nat", Verdict::skipped,
                       facts_.stun.empty() ? "This machine talks to itself alone: there is no NAT to look at"
                       : other_network     ? "The NAT could not be looked at; see \"network\""
                                           : "The NAT could not be looked at: no STUN server answers");
        }
        judge_nat(known->report, relay);
    }

    void judge_nat(const shared_stun::NatReport& report, const TurnFacts* relay)
    {
        Json details{{"translated", report.translated}, {"mapped", text_of(*report.mapped)}};
        if (report.mapping)
            details["mapping"] = shared_stun::name_of(*report.mapping);
        if (report.filtering)
            details["filtering"] = shared_stun::name_of(*report.filtering);
        const std::string with_relay = relay != nullptr ? "; then calls go through the relay " + relay->server : "";
        const std::string add_relay = facts_.turn.empty() ? "name a relay in \"turn\""
                                                          : "correct the relay that is configured: see \"turn\" above";
        if (!report.mapping)
            return add(
                "nat", Verdict::note,
                std::string(report.translated ? "There is a NAT in front of us" : "There is no NAT in front of us") +
                    "; what kind cannot be told, for the server has no second address (RFC 5780)",
                relay == nullptr ? "name a relay in \"turn\" for peers that cannot be reached directly" : "", details);
        if (*report.mapping != Dependence::endpoint_independent)
            return add(
                "nat", relay != nullptr ? Verdict::note : Verdict::problem,
                "The NAT in front of us is symmetric: it uses another port towards each peer, so that most peers "
                "behind a NAT cannot reach us directly" +
                    (relay != nullptr ? with_relay : std::string("; and there is no relay that works")),
                relay != nullptr ? "nothing, unless calls are slow: another router, or port mappings (\"upnp\")"
                                 : add_relay,
                details);
        const bool open = report.filtering == Dependence::endpoint_independent;
        std::string kind;
        if (!report.translated)
            kind = open ? "There is no NAT in front of us, and everybody can reach us"
                        : "There is no NAT in front of us but a firewall, which lets in only whom we have spoken to";
        else
            kind = open ? "The NAT in front of us keeps our port and lets everybody in (full cone)"
                   : report.filtering == Dependence::address_dependent
                       ? "The NAT in front of us keeps our port and lets in the addresses that we have spoken to "
                         "(address-restricted)"
                       : "The NAT in front of us keeps our port and lets in only the very ports that we have spoken to "
                         "(port-restricted)";
        if (open || relay != nullptr)
            return add("nat", Verdict::ok,
                       kind + (open || relay == nullptr
                                   ? ": calls go directly"
                                   : ": most calls go directly, those with a symmetric NAT through the relay " +
                                         relay->server),
                       "", details);
        add("nat", Verdict::note,
            kind + "; calls with peers behind a symmetric NAT fail, for there is no relay that works", add_relay,
            details);
    }

    void hairpin()
    {
        for (const auto& one : facts_.stun) {
            if (!one.hairpin)
                continue;
            if (*one.hairpin)
                return add("hairpin", Verdict::ok, "The NAT lets us reach our own outside address (hairpin)");
            return add(
                "hairpin", Verdict::skipped,
                "The NAT does not let us reach our own outside address (hairpin): peers behind the same NAT but in "
                "another network of it need a relay",
                "", {{"hairpin", false}});
        }
    }

    /// A network without IPv4, and how it comes to those who have nothing else (RFC 6146, RFC 7050).
    void nat64()
    {
        if (!facts_.lacks_v4)
            return;
        if (!facts_.nat64.empty())
            return add("nat64", Verdict::ok,
                       "This network has IPv6 alone; peers and servers that have IPv4 alone are reached through its "
                       "NAT64, whose prefix is " +
                           facts_.nat64,
                       "", {{"prefix", facts_.nat64}});
        add("nat64", Verdict::problem,
            "This network has IPv6 alone, and no NAT64 was found: ipv4only.arpa has no IPv6 address here (RFC 7050), "
            "so peers and servers that have IPv4 alone cannot be reached",
            "use the name server that the network gives out, which knows its NAT64 (DNS64); or name a relay that has "
            "IPv6 in \"turn\"",
            {{"prefix", ""}});
    }

    void ipv6()
    {
        const auto answered =
            std::ranges::find_if(facts_.stun, [](const StunFacts& one) { return one.v6 && one.answered(); });
        const Json details{{"address", facts_.global_v6}, {"route", facts_.route_v6}};
        if (answered != facts_.stun.end())
            return add("ipv6", Verdict::ok, "IPv6 works: " + answered->server + " answers over it", "", details);
        if (!facts_.global_v6)
            return add("ipv6", Verdict::skipped, "There is no IPv6 here: no address that others could reach", "",
                       details);
        if (!facts_.route_v6)
            return add("ipv6", Verdict::note, "There is an IPv6 address, and no route to anywhere",
                       "IPv6 goes around NATs: look at the router's settings", details);
        const bool asked = std::ranges::any_of(facts_.stun, &StunFacts::v6);
        if (asked)
            return add("ipv6", Verdict::note, "There is an IPv6 address and a route, and no server answers over it",
                       "a firewall may block IPv6; calls use IPv4 meanwhile", details);
        add("ipv6", Verdict::skipped, "There is an IPv6 address and a route; no server was there to try it with", "",
            details);
    }

    void port_mapping()
    {
        if (!facts_.port_mapping)
            return add("port-mapping", Verdict::skipped, "The router is not asked for ports: \"port_mapping\" is off",
                       "");
        const PortMappingFacts& said = *facts_.port_mapping;
        if (said.protocol.empty())
            return add("port-mapping", Verdict::note,
                       "The router maps no ports (PCP, NAT-PMP, UPnP): " +
                           (said.problem.empty() ? "nothing answers" : said.problem),
                       "switch port mapping on in the router, or \"port_mapping\" off here");
        add("port-mapping", Verdict::ok,
            "The router maps ports by " + said.protocol + "; its outside is " + said.external, "",
            {{"protocol", said.protocol}, {"external", said.external}, {"ms", said.took_ms}});
    }

    void pinhole()
    {
        if (!facts_.pinhole)
            return add("pinhole", Verdict::skipped,
                       facts_.port_mapping ? "There is no IPv6 here that a firewall could keep from others"
                                           : "The firewall is not asked to let IPv6 in: \"port_mapping\" is off");
        const PortMappingFacts& said = *facts_.pinhole;
        if (said.protocol.empty())
            return add(
                "pinhole", Verdict::note,
                "No firewall opens a pinhole for IPv6 (PCP, UPnP): " +
                    (said.problem.empty() ? "nothing answers" : said.problem),
                "if the router keeps IPv6 out, allow PCP or UPnP there; calls that nobody lets in go another way");
        add("pinhole", Verdict::ok,
            "The firewall lets in who comes to a port of " + said.external + " if it is asked by " + said.protocol, "",
            {{"protocol", said.protocol}, {"address", said.external}, {"ms", said.took_ms}});
    }

    /// A certificate that was accepted says that the clock is not far off.
    void clock()
    {
        for (const auto& one : facts_.turn) {
            if (one.certificate_error == X509_V_ERR_CERT_NOT_YET_VALID)
                return add("clock", Verdict::problem,
                           "This machine's clock may be slow: the certificate of " + one.server + " is valid " +
                               one.certificate_valid,
                           "compare the clock, and let it be set by the network (timedatectl set-ntp true)");
            if (!one.certificate_valid.empty() && one.certificate_error == 0)
                return add("clock", Verdict::ok,
                           "The clock lies within the validity of the certificate of " + one.server + " (" +
                               one.certificate_valid + "); nothing here tells it more exactly");
        }
    }

    const NetworkFacts& facts_;
    const Cause cause_;
    std::vector<Finding> list_;
};

} // namespace

std::vector<Finding> findings_of(const NetworkFacts& facts)
{
    return Findings(facts).all();
}

} // namespace jackfield::ice
