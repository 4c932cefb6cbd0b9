// jackfield doctor in networks of every kind: it names the cause, and what to change.

#include "mapping_router.hpp"
#include "nat_pairs.hpp"
#include "private_world.hpp"

#include <gtest/gtest.h>

#include <map>

namespace laboratory {
namespace {

using scenarios::Json;

/// One patient: what is in front of it, what is wrong with its configuration, and what the doctor must say.
struct Case {
    std::string name;
    std::string side;
    std::function<void(Json& connectivity)> spoil = {};
    bool cut = false;
    int exit_code = 0;
    std::map<std::string, std::string> said; // check -> "verdict: words of the sentence"
    bool hairpin = false;
};

void without_relays(Json& connectivity)
{
    connectivity.erase("turn");
}

void with_wrong_password(Json& connectivity)
{
    for (auto& relay : connectivity["turn"])
        relay["password"] = "guess";
}

std::vector<Case> cases()
{
    std::vector<Case> few{
        {"port-restricted",
         "port-restricted",
         {},
         false,
         0,
         {{"nat", "ok: port-restricted"},
          {"stun/0", "ok: sees us as"},
          {"turn/0", "ok: over UDP takes us"},
          {"turn/1", "ok: over TCP takes us"},
          {"turn/2", "ok: over TLS takes us"},
          {"clock", "ok: certificate"}}},
        {"symmetric without a relay", "symmetric", without_relays, false, 11, {{"nat", "problem: symmetric"}}},
        {"web only",
         "web only",
         {},
         false,
         0,
         {{"network", "note: Only the web is let out"},
          {"turn/2", "ok: over TLS"},
          {"turn/0", "skipped: see \"network\""},
          {"turn/1", "skipped: see \"network\""},
          {"stun/0", "skipped: see \"network\""}}},
        {"wrong password",
         "full cone",
         with_wrong_password,
         false,
         11,
         {{"turn/0", "problem: user name or password is wrong"},
          {"turn/1", "problem: user name or password is wrong"},
          {"turn/2", "problem: user name or password is wrong"},
          {"nat", "ok: full cone"}}},
        {"IPv6 only",
         "IPv6 only",
         {},
         false,
         0,
         {{"nat64", "ok: through its NAT64, whose prefix is 64:ff9b::/96"},
          {"network", "ok: 1 address"},
          {"stun/0", "ok: sees us as"},
          {"turn/0", "ok: over UDP takes us"},
          {"turn/1", "ok: over TCP takes us"},
          {"turn/2", "ok: over TLS takes us"}}},
        {"no network",
         "port-restricted",
         {},
         true,
         11,
         {{"network", "problem: Nothing answers"}, {"turn/0", "skipped: see \"network\""}}},
    };
#ifdef JACKFIELD_EVERY_NAT_PAIR
    const std::vector<Case> rest{
        {"open", "open", {}, false, 0, {{"nat", "ok: everybody can reach us"}}},
        {"full cone",
         "full cone",
         {},
         false,
         0,
         {{"nat", "ok: lets everybody in (full cone)"}, {"hairpin", "skipped: does not let us"}}},
        {"address-restricted", "address-restricted", {}, false, 0, {{"nat", "ok: address-restricted"}}},
        {"symmetric", "symmetric", {}, false, 0, {{"nat", "note: symmetric"}, {"turn/0", "ok: takes us"}}},
        {"home and carrier", "home and carrier", {}, false, 0, {{"nat", "ok: port-restricted"}}},
        {"UDP blocked",
         "UDP blocked",
         {},
         false,
         0,
         {{"network", "note: UDP is blocked"}, {"turn/1", "ok: over TCP takes us"}}},
        {"UDP blocked without a relay",
         "UDP blocked",
         [](Json& connectivity) {
             connectivity["turn"] = Json::array({connectivity["turn"][1]});
             with_wrong_password(connectivity);
         },
         false,
         11,
         {{"network", "problem: UDP is blocked"}, {"turn/0", "problem: password is wrong"}}},
        {"port-restricted without a relay",
         "port-restricted",
         without_relays,
         false,
         0,
         {{"nat", "note: there is no relay"}}},
        {"port-restricted with hairpins",
         "port-restricted",
         {},
         false,
         0,
         {{"hairpin", "ok: lets us reach our own outside"}},
         true},
        {"a relay by a wrong name",
         "full cone",
         [](Json& connectivity) { connectivity["turn"][2]["server_name"] = "other.example.net"; },
         false,
         11,
         {{"turn/2", "problem: certificate"}}},
        {"a relay that is not there",
         "full cone",
         [](Json& connectivity) { connectivity["turn"][1]["server"] = "198.51.100.250:3478"; },
         false,
         11,
         {{"turn/1", "problem: cannot be reached"}}},
    };
    few.insert(few.end(), rest.begin(), rest.end());
#endif
    return few;
}

constexpr const char* kForSilence = "7"; // seconds: enough for it to be told from slowness

class Doctors : public ::testing::Test {
protected:
    void SetUp() override
    {
        if (!why_no_world().empty())
            GTEST_SKIP() << why_no_world();
        if (!RelayServer::installed())
            GTEST_SKIP() << "turnserver is not installed (Debian package coturn)";
        laboratory_ = std::make_unique<PairLaboratory>();
    }

    std::unique_ptr<jackfield::program::Child> doctor(const Host& host, std::vector<std::string> words,
                                                      const std::string& limit = kForSilence)
    {
        std::unique_ptr<jackfield::program::Child> child;
        words.insert(words.begin(), {"doctor", "--json", "--limit", limit});
        host.inside([&] {
            child = std::make_unique<jackfield::program::Child>(
                JACKFIELD_BINARY_DIR "/bin/jackfield", words, (laboratory_->world().folder() / "doctor.log").string());
        });
        return child;
    }

    std::unique_ptr<PairLaboratory> laboratory_;
};

struct Told {
    Json document;
    std::map<std::string, Json> checks;
    int code = -1;

    /// Of the network. A DHT half of whose nodes are doctors behind NATs, who come and go, may have its own.
    bool problem() const
    {
        return std::ranges::any_of(checks, [](const auto& one) {
            return !one.first.starts_with("dht") && one.second.value("verdict", "") == "problem";
        });
    }

    explicit Told(jackfield::program::Child& child)
    {
        std::string text;
        while (const auto line = child.line())
            text += *line + "\n";
        code = child.wait();
        document = Json::parse(text, nullptr, false);
        if (document.is_object()) {
            for (const auto& finding : document["findings"])
                checks[finding["check"]] = finding;
        }
    }
};

TEST_F(Doctors, NameTheCauseInEveryNetwork)
{
    std::vector<std::unique_ptr<jackfield::program::Child>> doctors;
    const auto all = cases();
    for (const auto& one : all) { // all at once: most of their time is waiting for silence
        const auto name = "patient" + std::to_string(doctors.size());
        Side before = side(one.side);
        for (auto& router : before.routers)
            router.hairpin = one.hairpin;
        const auto peer = laboratory_->add_peer(before);
        laboratory_->configure(name, side(one.side));
        if (one.spoil)
            laboratory_->world().change(name,
                                        [&](Json& config) { one.spoil(config["slots"]["connectivity"]["config"]); });
        if (one.cut)
            laboratory_->network().cut(peer.host, true);
        doctors.push_back(doctor(peer.host, {"--config", (laboratory_->world().folder() / (name + ".json")).string()}));
    }
    for (std::size_t i = 0; i < all.size(); ++i) {
        Told told(*doctors[i]);
        ASSERT_TRUE(told.document.is_object()) << all[i].name;
        EXPECT_TRUE(told.document.value("complete", false)) << all[i].name;
        EXPECT_EQ(told.code, told.document["summary"].value("problem", 0) == 0 ? 0 : 11) << all[i].name;
        EXPECT_EQ(told.problem() ? 11 : 0, all[i].exit_code) << all[i].name << told.document.dump(1);
        for (const auto& [check, expected] : all[i].said) {
            const auto colon = expected.find(": ");
            const Json finding = told.checks[check].is_object() ? told.checks[check] : Json::object();
            EXPECT_EQ(finding.value("verdict", ""), expected.substr(0, colon))
                << all[i].name << " " << check << finding;
            EXPECT_NE(finding.value("sentence", "").find(expected.substr(colon + 2)), std::string::npos)
                << all[i].name << " " << check << finding;
            EXPECT_TRUE(finding.value("verdict", "") != "problem" || !finding.value("advice", "").empty()) << finding;
        }
    }
}

TEST_F(Doctors, ReachAPeerBehindAnotherNatWithoutRingingIt)
{
    const auto alice = laboratory_->add_peer(side("port-restricted"));
    const auto bob = laboratory_->add_peer(side("address-restricted"));
    laboratory_->configure("alice", side("port-restricted"));
    laboratory_->configure("bob", side("address-restricted"));
    std::unique_ptr<scenarios::Process> listener;
    bob.host.inside([&] { listener = laboratory_->world().listen("bob", {"--answer"}); });
    const std::string account = listener->event("identity", "done")["detail"].value("account", "");
    const auto child =
        doctor(alice.host, {"--config", (laboratory_->world().folder() / "alice.json").string(), account});
    Told told(*child);
    EXPECT_FALSE(told.problem()) << told.document.dump(1);
    ASSERT_EQ(told.checks["peer"].value("verdict", ""), "ok") << told.document.dump(1);
    const auto link = std::ranges::find_if(told.checks, [](const auto& one) { return one.first.starts_with("peer/"); });
    ASSERT_NE(link, told.checks.end());
    EXPECT_EQ(link->second["verdict"], "ok") << link->second;
    EXPECT_FALSE(link->second["details"]["their_candidates"].empty()) << link->second;
    EXPECT_TRUE(link->second["details"]["path"].contains("local")) << link->second;
    const Json pairs = link->second["details"].value("pairs", Json::array());
    ASSERT_FALSE(pairs.empty()) << link->second;
    EXPECT_EQ(pairs[0]["result"], "selected") << pairs;
    EXPECT_EQ(listener->count("signaling", "progress"), 0U) << "nobody was rung";
}

TEST_F(Doctors, SayWhichPairsOfCandidatesGotNoAnswer)
{
    const auto alice = laboratory_->add_peer(side("symmetric"));
    const auto bob = laboratory_->add_peer(side("symmetric"));
    for (const char* name : {"alice", "bob"}) {
        laboratory_->configure(name, side("symmetric"));
        laboratory_->world().change(name,
                                    [](Json& config) { without_relays(config["slots"]["connectivity"]["config"]); });
    }
    std::unique_ptr<scenarios::Process> listener;
    bob.host.inside([&] { listener = laboratory_->world().listen("bob", {"--answer"}); });
    const std::string account = listener->event("identity", "done")["detail"].value("account", "");
    const auto child =
        doctor(alice.host, {"--config", (laboratory_->world().folder() / "alice.json").string(), account}, "4");
    Told told(*child);
    const auto link = std::ranges::find_if(told.checks, [](const auto& one) { return one.first.starts_with("peer/"); });
    ASSERT_NE(link, told.checks.end()) << told.document.dump(1);
    EXPECT_EQ(link->second["verdict"], "problem") << link->second;
    EXPECT_NE(link->second["sentence"].get<std::string>().find("fails at the step connectivity"), std::string::npos)
        << link->second;
    EXPECT_NE(link->second["sentence"].get<std::string>().find(" no answer"), std::string::npos) << link->second;
    EXPECT_NE(link->second["advice"].get<std::string>().find("neither has a relay"), std::string::npos) << link->second;
    const Json pairs = link->second["details"].value("pairs", Json::array());
    const auto between_reflexives = [](const Json& row) {
        return row.contains("seen_as") && row.value("remote_type", "") == "srflx" && row["transport"] == "udp" &&
               row["result"] == "no answer";
    };
    EXPECT_TRUE(std::ranges::any_of(pairs, between_reflexives)) << pairs;
    EXPECT_TRUE(std::ranges::none_of(pairs, [](const Json& row) { return row["result"] == "selected"; })) << pairs;
}

TEST_F(Doctors, SayHowARouterMapsPorts)
{
    if (!MappingRouter::installed())
        GTEST_SKIP() << "miniupnpd is not installed (Debian package miniupnpd-nftables)";
    MappingRouter router(laboratory_->network(), laboratory_->world().folder());
    const Host& host = laboratory_->network().add_host(router.inside());
    laboratory_->configure("bob", side("port-restricted"), {.connectivity = {{"port_mapping", true}}});
    const auto child = doctor(host, {"--config", (laboratory_->world().folder() / "bob.json").string()});
    Told told(*child);
    EXPECT_EQ(told.checks["port-mapping"].value("verdict", ""), "ok") << told.document;
    EXPECT_NE(told.checks["port-mapping"].dump().find("its outside is " + router.outside().text()), std::string::npos)
        << told.checks["port-mapping"];
    EXPECT_EQ(router.mapped(), 0U) << "it is given back";
    EXPECT_EQ(told.checks["pinhole"].value("verdict", ""), "skipped") << told.checks["pinhole"];
}

TEST_F(Doctors, SayWhetherAFirewallOpensPinholes)
{
    if (!MappingRouter::installed())
        GTEST_SKIP() << "miniupnpd is not installed (Debian package miniupnpd-nftables)";
    const auto router = MappingRouter::with_ipv6(laboratory_->network(), laboratory_->world().folder());
    Host& host = laboratory_->network().add_host(router->inside());
    laboratory_->network().add_ipv6(host);
    for (const char* const protocol : {"pcp", "nat-pmp"}) {
        laboratory_->configure("bob", side("port-restricted"), {.connectivity = {{"port_mapping", {protocol}}}});
        const auto child = doctor(host, {"--config", (laboratory_->world().folder() / "bob.json").string()});
        Told told(*child);
        const bool opens = std::string(protocol) == "pcp";
        EXPECT_EQ(told.checks["pinhole"].value("verdict", ""), opens ? "ok" : "note") << told.document;
        EXPECT_NE(told.checks["pinhole"].dump().find(opens ? "a port of " + host.ipv6() + " if it is asked by PCP"
                                                           : "there is no protocol to ask by"),
                  std::string::npos)
            << told.checks["pinhole"];
        EXPECT_EQ(router->pinholes(), 0U) << "it is closed again";
    }
}

} // namespace
} // namespace laboratory
