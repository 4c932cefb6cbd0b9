// What a look at the local network means.
#include "lan_findings.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace discovery_lan {
namespace {

/// "problem: sentence -> advice"
std::string said(const LanFacts& facts, const std::string& check)
{
    static constexpr const char* kWords[] = {"ok", "note", "problem", "skipped"};
    const auto findings = findings_of(facts);
    const auto found = std::ranges::find(findings, check, &jackfield::Finding::check);
    if (found == findings.end())
        return {};
    EXPECT_TRUE(found->verdict != jackfield::Verdict::problem || !found->advice.empty()) << found->sentence;
    return std::string(kWords[static_cast<std::size_t>(found->verdict)]) + ": " + found->sentence +
           (found->advice.empty() ? "" : " -> " + found->advice);
}

bool contains(const std::string& text, const char* words)
{
    return text.find(words) != std::string::npos;
}

LanFacts at_home()
{
    LanFacts facts;
    facts.port = 4381;
    facts.interfaces = {{.name = "eth0", .address = "192.168.1.2", .heard_itself = true}};
    return facts;
}

TEST(LanFindings, SayWhoAnswers)
{
    auto facts = at_home();
    EXPECT_EQ(said(facts, "lan/0"),
              "ok: eth0 (192.168.1.2) sends to the group 239.255.74.76 port 4381, and we hear it");
    EXPECT_TRUE(said(facts, "neighbours").starts_with("note: Nobody else on this network answers"));
    facts.neighbours = {{"192.168.1.5", true, true}};
    EXPECT_EQ(said(facts, "neighbours"), "ok: 1 neighbour answers: 192.168.1.5");
    facts.neighbours.push_back({"192.168.1.6", true, true});
    facts.neighbours.push_back({"192.168.1.7", false, false});
    EXPECT_EQ(said(facts, "neighbours"), "ok: 2 neighbours answer: 192.168.1.5, 192.168.1.6");
}

TEST(LanFindings, SayWhoIsHalfThere)
{
    auto facts = at_home();
    facts.neighbours = {{"192.168.1.5", false, false}};
    EXPECT_TRUE(said(facts, "neighbours").starts_with("note: Neighbours are heard and do not answer us: 192.168.1.5"));
    facts.neighbours.push_back({"192.168.1.6", true, false});
    facts.neighbours.push_back({"192.168.1.7", true, true});
    EXPECT_TRUE(said(facts, "neighbours")
                    .starts_with("problem: Neighbours answer and take no connection of ours: 192.168.1.6 -> "))
        << said(facts, "neighbours");
}

TEST(LanFindings, SayWhatAnInterfaceCannotDo)
{
    auto facts = at_home();
    facts.interfaces[0].heard_itself = false;
    EXPECT_TRUE(contains(said(facts, "lan/0"), "not heard on this machine: a firewall here drops multicast"));
    EXPECT_TRUE(said(facts, "neighbours").starts_with("skipped: "));
    facts.interfaces[0].cannot_send = "Operation not permitted";
    EXPECT_TRUE(contains(said(facts, "lan/0"), "cannot send to the group 239.255.74.76 port 4381: Operation not"));
    facts.interfaces[0].cannot_be_used = "Cannot assign requested address";
    EXPECT_TRUE(contains(said(facts, "lan/0"), "cannot be used: Cannot assign requested address -> look whether"));
    facts.interfaces[0].name.clear();
    EXPECT_TRUE(said(facts, "lan/0").starts_with("problem: 192.168.1.2 cannot be used: "));
    EXPECT_TRUE(contains(said(facts, "lan/0"), "correct \"addresses\""));
}

TEST(LanFindings, SayThatThereIsNoNetworkOrNoPort)
{
    LanFacts facts;
    facts.port = 4381;
    EXPECT_TRUE(said(facts, "lan").starts_with("problem: No interface is up"));
    facts.port_problem = "Address already in use";
    EXPECT_TRUE(said(facts, "lan").starts_with("problem: UDP port 4381 cannot be had: Address already in use -> "));
    EXPECT_EQ(findings_of(facts).size(), 1U) << "nothing else has been looked at";
}

} // namespace
} // namespace discovery_lan
