// Which pairs are formed of two lists of candidates, and what is told of each.
#include "tests/schema_check/schema_check.hpp"
#include "tried_pairs.hpp"

#include <nlohmann/json.hpp>

#include <gtest/gtest.h>

namespace jackfield::ice {
namespace {

using Json = nlohmann::json;

Candidate line(const std::string& text)
{
    const auto candidate = parse_candidate(text);
    EXPECT_TRUE(candidate) << text;
    return candidate.value_or(Candidate());
}

const Candidate kOurHost = line("H1 1 UDP 2130706431 192.168.1.2 5000 typ host");
const Candidate kOurReflexive = line("S1 1 UDP 1694498815 198.51.100.2 6000 typ srflx raddr 192.168.1.2 rport 5000");
const Candidate kOurRelay = line("R1 1 UDP 16777215 198.51.100.7 7000 typ relay raddr 198.51.100.2 rport 6000");
const Candidate kOurHost6 = line("H6 1 UDP 2130706430 2001:db8::1 5001 typ host");
const Candidate kOurActive = line("A1 1 TCP 2128609279 192.168.1.2 9 typ host tcptype active");
const Candidate kOurPassive = line("P1 1 TCP 2124414975 192.168.1.2 5002 typ host tcptype passive");
const Candidate kOurOpen =
    line("O1 1 TCP 805306367 198.51.100.2 6002 typ srflx raddr 192.168.1.2 rport 5003 tcptype so");

const Candidate kTheirs = line("T1 1 UDP 2130706431 10.0.0.2 8000 typ host");
const Candidate kTheirRelay = line("T2 1 UDP 16777215 198.51.100.8 8001 typ relay raddr 0.0.0.0 rport 9");
const Candidate kTheirs6 = line("T6 1 UDP 2130706430 2001:db8::2 8002 typ host");
const Candidate kTheirPassive = line("T3 1 TCP 2124414975 10.0.0.2 8003 typ host tcptype passive");
const Candidate kTheirActive = line("T4 1 TCP 2128609279 10.0.0.2 9 typ host tcptype active");
const Candidate kTheirOpen =
    line("T5 1 TCP 805306367 198.51.100.3 8005 typ srflx raddr 10.0.0.2 rport 8006 tcptype so");

TriedFacts facts(std::vector<Candidate> local, std::vector<Candidate> remote)
{
    TriedFacts all;
    all.component = 1;
    all.controlling = true;
    all.local = std::move(local);
    all.remote = std::move(remote);
    return all;
}

/// "udp host 192.168.1.2:5000 (198.51.100.2:6000) > host 10.0.0.2:8000: no answer"
std::vector<std::string> told(const TriedFacts& of)
{
    const Json document = Json::parse(tried_json(pairs_of(of)));
    EXPECT_TRUE(test::satisfies(document, JACKFIELD_SOURCE_DIR "/kernel/abi/schemas/tried-pairs.schema.json"))
        << document;
    std::vector<std::string> rows;
    for (const auto& row : document["pairs"]) {
        std::string text = row["transport"];
        if (row.contains("local"))
            text += " " + row["local_type"].get<std::string>() + " " + row["local"].get<std::string>();
        if (row.contains("seen_as"))
            text += " (" + row["seen_as"].get<std::string>() + ")";
        if (row.contains("remote"))
            text += " > " + row["remote_type"].get<std::string>() + " " + row["remote"].get<std::string>();
        text += ": " + row["result"].get<std::string>();
        if (row.contains("why"))
            text += " (" + row["why"].get<std::string>() + ")";
        rows.push_back(text);
    }
    return rows;
}

using Rows = std::vector<std::string>;

TEST(TriedPairs, AreFormedOfBasesAndBeginWithTheHighestPriority)
{
    EXPECT_EQ(told(facts({kOurHost, kOurReflexive, kOurRelay}, {kTheirs, kTheirRelay})),
              (Rows{"udp host 192.168.1.2:5000 (198.51.100.2:6000) > host 10.0.0.2:8000: no answer",
                    "udp host 192.168.1.2:5000 (198.51.100.2:6000) > relay 198.51.100.8:8001: no answer",
                    "udp relay 198.51.100.7:7000 > host 10.0.0.2:8000: no answer",
                    "udp relay 198.51.100.7:7000 > relay 198.51.100.8:8001: no answer"}))
        << "a server reflexive candidate is its base (RFC 8445 section 6.1.2.4)";
}

TEST(TriedPairs, HaveOneAddressFamilyAndSaySoOfWhoIsLeftAlone)
{
    EXPECT_EQ(told(facts({kOurHost, kOurHost6}, {kTheirs6})),
              (Rows{"udp host 192.168.1.2:5000: not formed (no common address family)",
                    "udp host [2001:db8::1]:5001 > host [2001:db8::2]:8002: no answer"}));
    EXPECT_EQ(told(facts({kOurHost}, {kTheirs6})),
              (Rows{"udp host 192.168.1.2:5000: not formed (no common address family)",
                    "udp > host [2001:db8::2]:8002: not formed (no common address family)"}));
}

TEST(TriedPairs, OfTcpGoFromActiveToPassiveAndOpenSimultaneously)
{
    EXPECT_EQ(told(facts({kOurActive, kOurPassive, kOurOpen}, {kTheirPassive, kTheirActive, kTheirOpen})),
              (Rows{"tcp host 192.168.1.2 > host 10.0.0.2:8003: no answer",
                    "tcp srflx 198.51.100.2:6002 > srflx 198.51.100.3:8005: no answer"}))
        << "of a passive one, the peer's side checks (RFC 6544 section 6.2)";
    EXPECT_EQ(told(facts({kOurActive, kOurPassive}, {kTheirActive, kTheirOpen})), Rows{})
        << "the peer's side checks, and a simultaneous open is a further chance";
    EXPECT_EQ(told(facts({kOurActive}, {kTheirOpen})), Rows{});
    EXPECT_EQ(told(facts({kOurHost}, {kTheirPassive})),
              (Rows{"udp host 192.168.1.2:5000: not formed (no UDP at the other end)",
                    "tcp > host 10.0.0.2:8003: not formed (no TCP at the other end)"}));
}

TEST(TriedPairs, AreNoneWithoutTheOtherEnd)
{
    EXPECT_EQ(told(facts({kOurHost}, {})), Rows{});
}

TEST(TriedPairs, TellWhichOneCarriesDataAndWhichOnesDidBefore)
{
    auto all = facts({kOurHost, kOurReflexive, kOurRelay}, {kTheirs, kTheirRelay});
    all.nominated = CandidatePair{kOurReflexive, kTheirs};
    all.up = true;
    all.former = {{kOurRelay, kTheirRelay}};
    EXPECT_EQ(told(all), (Rows{"udp srflx 198.51.100.2:6000 > host 10.0.0.2:8000: selected",
                               "udp relay 198.51.100.7:7000 > relay 198.51.100.8:8001: works",
                               "udp host 192.168.1.2:5000 (198.51.100.2:6000) > relay 198.51.100.8:8001: not chosen",
                               "udp relay 198.51.100.7:7000 > host 10.0.0.2:8000: not chosen"}));
    all.up = false;
    EXPECT_EQ(told(all)[1], "udp srflx 198.51.100.2:6000 > host 10.0.0.2:8000: answered");
}

TEST(TriedPairs, TellWhereThePeersChecksCameFrom)
{
    auto all = facts({kOurHost}, {kTheirs});
    all.heard = {line("X 1 UDP 1 203.0.113.5 999 typ prflx raddr 0.0.0.0 rport 9")};
    EXPECT_EQ(told(all), (Rows{"udp host 192.168.1.2:5000 > prflx 203.0.113.5:999: heard",
                               "udp host 192.168.1.2:5000 > host 10.0.0.2:8000: no answer"}));
    all.heard = {line("X 1 UDP 1 10.0.0.2 8000 typ prflx raddr 0.0.0.0 rport 9")};
    EXPECT_EQ(told(all), Rows{"udp host 192.168.1.2:5000 > host 10.0.0.2:8000: heard"}) << "it has told of it since";
}

TEST(TriedPairs, TellOfConnectionsAndOfRefusals)
{
    auto all = facts({kOurActive, kOurOpen, kOurHost}, {kTheirPassive, kTheirOpen, kTheirs});
    all.connected = {{kTheirPassive.address, kTheirPassive.port}};
    all.refused = {{kTheirOpen.address, kTheirOpen.port}, {kTheirs.address, kTheirs.port}};
    EXPECT_EQ(told(all), (Rows{"tcp host 192.168.1.2 > host 10.0.0.2:8003: connected",
                               "tcp srflx 198.51.100.2:6002 > srflx 198.51.100.3:8005: refused",
                               "udp host 192.168.1.2:5000 > host 10.0.0.2:8000: no answer"}));
}

TEST(TriedPairs, TellWhereThereIsNoRouteButNotForARelay)
{
    auto all = facts({kOurHost, kOurRelay}, {kTheirs});
    all.has_route = [](const IpAddress&, const Endpoint&) { return false; };
    EXPECT_EQ(told(all), (Rows{"udp host 192.168.1.2:5000 > host 10.0.0.2:8000: no route",
                               "udp relay 198.51.100.7:7000 > host 10.0.0.2:8000: no answer"}));
}

TEST(TriedPairs, AreBounded)
{
    std::vector<Candidate> local;
    std::vector<Candidate> remote;
    for (unsigned i = 0; i < 16; ++i) {
        local.push_back(kOurHost);
        local.back().port = static_cast<std::uint16_t>(1000 + i);
        remote.push_back(kTheirs);
        remote.back().port = static_cast<std::uint16_t>(2000 + i);
        remote.back().priority -= i;
    }
    const auto rows = told(facts(local, remote));
    EXPECT_EQ(rows.size(), kMaxTriedPairs);
    EXPECT_EQ(std::ranges::count_if(rows, [](const auto& row) { return row.ends_with(": no answer"); }), 100)
        << "and of the others libnice has dropped those of low priority";
    EXPECT_EQ(rows.back(), "udp host 192.168.1.2:1007 > host 10.0.0.2:2012: not formed (more than 100 pairs)");
    EXPECT_EQ(count_formed(pairs_of(facts(local, remote))), kMaxCheckedPairs);
}

} // namespace
} // namespace jackfield::ice
