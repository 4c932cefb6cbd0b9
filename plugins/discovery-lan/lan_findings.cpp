// See lan_findings.hpp.
#include "lan_findings.hpp"

#include "group.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace discovery_lan {

namespace {

using jackfield::Finding;
using jackfield::Verdict;

std::string group_of(const LanFacts& facts)
{
    return kGroup.to_string() + " port " + std::to_string(facts.port);
}

bool works(const InterfaceFacts& one)
{
    return one.cannot_be_used.empty() && one.cannot_send.empty() && one.heard_itself;
}

Finding of_interface(const LanFacts& facts, std::size_t number)
{
    const InterfaceFacts& one = facts.interfaces[number];
    const std::string who = one.name.empty() ? one.address : one.name + " (" + one.address + ")";
    Finding finding{"lan/" + std::to_string(number), Verdict::ok, {}};
    finding.details_json = nlohmann::json{{"interface", one.name}, {"address", one.address}}.dump();
    if (works(one)) {
        finding.sentence = who + " sends to the group " + group_of(facts) + ", and we hear it";
        return finding;
    }
    finding.verdict = Verdict::problem;
    if (!one.cannot_be_used.empty()) {
        finding.sentence = who + " cannot be used: " + one.cannot_be_used;
        finding.advice = one.name.empty() ? "no interface has this address: correct \"addresses\" of discovery-lan, or "
                                            "leave it out to use all interfaces"
                                          : "look whether the interface is up and hears multicast (ip link)";
    } else if (!one.cannot_send.empty()) {
        finding.sentence = who + " cannot send to the group " + group_of(facts) + ": " + one.cannot_send;
        finding.advice = "a firewall on this machine forbids it, or there is no route: let out UDP to " +
                         kGroup.to_string() + " port " + std::to_string(facts.port);
    } else {
        finding.sentence = who + " sends to the group " + group_of(facts) +
                           ", and what it sends is not heard on this machine: a firewall here drops multicast";
        finding.advice = "let UDP to " + kGroup.to_string() + " port " + std::to_string(facts.port) +
                         " in and out, and TCP in from the local network";
    }
    return finding;
}

std::string list_of(const std::vector<NeighbourFacts>& all)
{
    std::string text;
    for (const auto& one : all)
        text += (text.empty() ? "" : ", ") + one.address;
    return text;
}

std::vector<NeighbourFacts> those(const LanFacts& facts, bool answered, bool tcp)
{
    std::vector<NeighbourFacts> some;
    std::ranges::copy_if(facts.neighbours, std::back_inserter(some), [&](const NeighbourFacts& one) {
        return one.answered == answered && (!answered || one.tcp == tcp);
    });
    return some;
}

Finding of_neighbours(const LanFacts& facts)
{
    const auto whole = those(facts, true, true);
    const auto no_tcp = those(facts, true, false);
    const auto only_heard = those(facts, false, false);
    Finding finding{"neighbours", Verdict::ok, {}};
    finding.details_json = nlohmann::json{
        {"answered", whole.size() + no_tcp.size()},
        {"without_tcp", no_tcp.size()},
        {"only_heard",
         only_heard.size()}}.dump();
    if (!no_tcp.empty()) {
        finding.verdict = Verdict::problem;
        finding.sentence = "Neighbours answer and take no connection of ours: " + list_of(no_tcp);
        finding.advice =
            "messages go over TCP, to a port that the system chooses: their firewalls must let TCP in from "
            "the local network";
    } else if (!whole.empty()) {
        finding.sentence = std::to_string(whole.size()) +
                           (whole.size() == 1 ? " neighbour answers: " : " neighbours answer: ") + list_of(whole);
    } else if (!only_heard.empty()) {
        finding.verdict = Verdict::note;
        finding.sentence = "Neighbours are heard and do not answer us: " + list_of(only_heard);
        finding.advice = "what we send does not reach them, or what they send to us alone is dropped: let in UDP from "
                         "the local network, here and there";
    } else if (std::ranges::any_of(facts.interfaces, works)) {
        finding.verdict = Verdict::note;
        finding.sentence = "Nobody else on this network answers at the group " + group_of(facts);
        finding.advice = "if the peer is on this network and uses discovery-lan with the same \"port\": look at its "
                         "firewall, and whether the access point keeps its clients apart (client isolation) or drops "
                         "multicast";
    } else {
        finding.verdict = Verdict::skipped;
        finding.sentence = "Nobody can be asked: see \"lan\"";
    }
    return finding;
}

} // namespace

std::vector<Finding> findings_of(const LanFacts& facts)
{
    if (!facts.port_problem.empty())
        return {{"lan", Verdict::problem,
                 "UDP port " + std::to_string(facts.port) + " cannot be had: " + facts.port_problem,
                 "end the program that has it, or give all nodes of this network another \"port\""}};
    std::vector<Finding> findings;
    if (facts.interfaces.empty())
        findings.push_back({"lan", Verdict::problem, "No interface is up that hears multicast, but the loopback",
                            "connect this machine to a network; most VPN tunnels hear no multicast"});
    for (std::size_t number = 0; number < facts.interfaces.size(); ++number)
        findings.push_back(of_interface(facts, number));
    findings.push_back(of_neighbours(facts));
    return findings;
}

} // namespace discovery_lan
