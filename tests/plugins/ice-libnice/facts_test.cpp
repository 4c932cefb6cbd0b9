// What a look at the network means, and what a relay says to whoever asks it for an allocation.
#include "network_facts.hpp"

#include <nlohmann/json.hpp>

#include <gtest/gtest.h>
#include <openssl/x509_vfy.h>

namespace jackfield::ice {
namespace {

using shared_stun::Dependence;
using shared_stun::Message;

Endpoint endpoint(const char* address, std::uint16_t port)
{
    return {*IpAddress::parse(address), port};
}

/// A machine at home, with one STUN server that has answered.
NetworkFacts at_home()
{
    NetworkFacts facts;
    facts.addresses = {*IpAddress::parse("192.168.1.2")};
    facts.route_v4 = true;
    StunFacts stun;
    stun.server = "stun.example.net:3478";
    stun.report = {endpoint("203.0.113.9", 5000), true, Dependence::endpoint_independent,
                   Dependence::address_and_port_dependent};
    stun.answer_ms = 12;
    facts.stun = {stun};
    return facts;
}

TurnFacts relay(RelayTransport transport, std::uint16_t port = 3478)
{
    TurnFacts facts;
    facts.server = "turn.example.net";
    facts.transport = transport;
    facts.port = port;
    facts.stage = RelayStage::connecting;
    return facts;
}

TurnFacts granted(RelayTransport transport, std::uint16_t port = 3478)
{
    TurnFacts facts = relay(transport, port);
    facts.stage = RelayStage::granted;
    facts.answer = AllocationAnswer{true, {}, true, endpoint("198.51.100.7", 50000)};
    return facts;
}

TurnFacts refused(int code)
{
    TurnFacts facts = relay(RelayTransport::udp);
    facts.stage = RelayStage::allocating;
    facts.answer = AllocationAnswer{false, {code, "as it says"}, true, {}};
    return facts;
}

void silence(NetworkFacts& facts)
{
    for (auto& one : facts.stun) {
        one.report = {};
        one.answer_ms = 0;
    }
}

/// "problem: sentence -> advice"; empty if there is no such finding.
std::string said(const NetworkFacts& facts, const std::string& check)
{
    static constexpr const char* kWords[] = {"ok", "note", "problem", "skipped"};
    for (const auto& finding : findings_of(facts)) {
        if (finding.check == check)
            return std::string(kWords[static_cast<std::size_t>(finding.verdict)]) + ": " + finding.sentence +
                   (finding.advice.empty() ? "" : " -> " + finding.advice);
    }
    return {};
}

#define EXPECT_SAYS(facts, check, verdict, words)                                                                      \
    do {                                                                                                               \
        const std::string text = said(facts, check);                                                                   \
        EXPECT_TRUE(text.starts_with(verdict ": ")) << text;                                                           \
        EXPECT_NE(text.find(words), std::string::npos) << text;                                                        \
    } while (false)

TEST(NetworkFindings, BlameTheMachineThatHasNoAddress)
{
    NetworkFacts facts = at_home();
    silence(facts);
    facts.addresses.clear();
    facts.only_loopback = true;
    facts.route_v4 = false;
    facts.turn = {relay(RelayTransport::tcp)};
    EXPECT_SAYS(facts, "network", "problem", "This machine has no network");
    EXPECT_SAYS(facts, "stun/0", "skipped", "see \"network\"");
    EXPECT_SAYS(facts, "turn/0", "skipped", "see \"network\"");
    EXPECT_SAYS(facts, "nat", "skipped", "see \"network\"");
}

TEST(NetworkFindings, BlameTheNetworkWhenNobodyAnswers)
{
    NetworkFacts facts = at_home();
    silence(facts);
    facts.turn = {relay(RelayTransport::tls, 443)};
    EXPECT_SAYS(facts, "network", "problem", "Nothing answers");
    EXPECT_SAYS(facts, "network", "problem", "stun.example.net:3478, turn.example.net");
}

TEST(NetworkFindings, BlameServersThatSayThemselvesWhatIsWrong)
{
    NetworkFacts facts = at_home();
    silence(facts);
    facts.stun[0].problem = "connection refused";
    facts.stun[0].refused = true;
    facts.turn = {relay(RelayTransport::tcp)};
    facts.turn[0].problem = "connection refused";
    facts.turn[0].refused = true;
    EXPECT_SAYS(facts, "network", "ok", "1 address");
    EXPECT_SAYS(facts, "stun/0", "problem", "connection refused");
    EXPECT_SAYS(facts, "turn/0", "problem", "cannot be reached: connection refused");
}

TEST(NetworkFindings, TellBlockedUdpFromANetworkForTheWebAlone)
{
    NetworkFacts facts = at_home();
    silence(facts);
    facts.turn = {relay(RelayTransport::udp), granted(RelayTransport::tcp), granted(RelayTransport::tls, 443)};
    EXPECT_SAYS(facts, "network", "note", "UDP is blocked");
    EXPECT_SAYS(facts, "network", "note", "over TCP");
    facts.turn[1] = relay(RelayTransport::tcp);
    EXPECT_SAYS(facts, "network", "note", "Only the web is let out");
    EXPECT_SAYS(facts, "turn/1", "skipped", "see \"network\"");
    facts.turn[2] = refused(401);
    facts.turn[2].transport = RelayTransport::tls;
    facts.turn[2].port = 443;
    EXPECT_SAYS(facts, "network", "problem", "Only the web is let out");
}

TEST(NetworkFindings, BlameOneServerThatIsSilentWhereOthersAnswer)
{
    NetworkFacts facts = at_home();
    facts.turn = {relay(RelayTransport::udp)};
    facts.turn[0].stage = RelayStage::allocating;
    EXPECT_SAYS(facts, "network", "ok", "");
    EXPECT_SAYS(facts, "turn/0", "problem", "does not answer");
    facts.stun.push_back({"other.example.net:3478", false, "", false, {}, {}, 0});
    EXPECT_SAYS(facts, "stun/1", "problem", "does not answer");
}

TEST(NetworkFindings, SayOfEachNatWhatItMeansForCalls)
{
    NetworkFacts facts = at_home();
    EXPECT_SAYS(facts, "nat", "note", "port-restricted");
    facts.turn = {granted(RelayTransport::udp)};
    EXPECT_SAYS(facts, "nat", "ok", "through the relay turn.example.net");
    facts.stun[0].report.filtering = Dependence::address_dependent;
    EXPECT_SAYS(facts, "nat", "ok", "address-restricted");
    facts.stun[0].report.filtering = Dependence::endpoint_independent;
    EXPECT_SAYS(facts, "nat", "ok", "full cone");
    facts.stun[0].report.translated = false;
    EXPECT_SAYS(facts, "nat", "ok", "everybody can reach us");
    facts.stun[0].report.mapping = Dependence::address_and_port_dependent;
    EXPECT_SAYS(facts, "nat", "note", "symmetric");
    facts.turn.clear();
    EXPECT_SAYS(facts, "nat", "problem", "name a relay in \"turn\"");
    facts.turn = {refused(401)};
    EXPECT_SAYS(facts, "nat", "problem", "correct the relay that is configured");
    facts.stun[0].report.mapping.reset();
    EXPECT_SAYS(facts, "nat", "note", "no second address");
    facts.relay_only = true;
    EXPECT_SAYS(facts, "nat", "problem", "Only relays may be used");
    facts.turn = {granted(RelayTransport::udp)};
    EXPECT_SAYS(facts, "nat", "note", "no second address");
}

TEST(NetworkFindings, SayWhyARelayRefusesAndWhatToChange)
{
    NetworkFacts facts = at_home();
    for (const auto& [code, words] : {std::pair(401, "password is wrong"),
                                      {403, "forbids"},
                                      {438, "stale"},
                                      {442, "relays no UDP"},
                                      {486, "quota"},
                                      {508, "full"},
                                      {300, "another server"},
                                      {599, "refuses us"}}) {
        facts.turn = {refused(code)};
        EXPECT_SAYS(facts, "turn/0", "problem", words);
        EXPECT_SAYS(facts, "turn/0", "problem", "(" + std::to_string(code) + " as it says)");
        EXPECT_NE(said(facts, "turn/0").find(" -> "), std::string::npos) << code;
    }
}

TEST(NetworkFindings, SayWhatIsWrongWithACertificateAndWithTheClock)
{
    NetworkFacts facts = at_home();
    facts.turn = {relay(RelayTransport::tls, 443)};
    facts.turn[0].stage = RelayStage::handshake;
    facts.turn[0].problem = "as OpenSSL says";
    facts.turn[0].certificate_valid = "2030-01-01 .. 2031-01-01";
    facts.turn[0].certificate_error = X509_V_ERR_CERT_NOT_YET_VALID;
    EXPECT_SAYS(facts, "turn/0", "problem", "it is valid 2030-01-01 .. 2031-01-01");
    EXPECT_SAYS(facts, "clock", "problem", "clock may be slow");
    facts.turn[0].certificate_error = X509_V_ERR_HOSTNAME_MISMATCH;
    EXPECT_SAYS(facts, "turn/0", "problem", "server_name");
    EXPECT_EQ(said(facts, "clock"), "");
    facts.turn[0].certificate_error = 0;
    facts.turn[0].answer = granted(RelayTransport::tls).answer;
    EXPECT_SAYS(facts, "clock", "ok", "2030-01-01");
}

TEST(NetworkFindings, SayWhetherIpv6CouldBeUsed)
{
    NetworkFacts facts = at_home();
    EXPECT_SAYS(facts, "ipv6", "skipped", "no IPv6");
    facts.global_v6 = true;
    EXPECT_SAYS(facts, "ipv6", "note", "no route");
    facts.route_v6 = true;
    EXPECT_SAYS(facts, "ipv6", "skipped", "no server was there to try");
    facts.stun.push_back({"six.example.net:3478", true, "", false, {}, {}, 0});
    EXPECT_SAYS(facts, "ipv6", "note", "no server answers over it");
    facts.stun[1].report.mapped = endpoint("2001:db8::2", 5000);
    EXPECT_SAYS(facts, "ipv6", "ok", "six.example.net");
}

TEST(NetworkFindings, SayHowIpv4IsReachedFromANetworkThatHasNone)
{
    NetworkFacts facts = at_home();
    EXPECT_EQ(said(facts, "nat64"), "");
    facts.route_v4 = false;
    facts.route_v6 = true;
    facts.lacks_v4 = true;
    facts.nat64 = "64:ff9b::/96";
    EXPECT_EQ(said(facts, "nat64"), "ok: This network has IPv6 alone; peers and servers that have IPv4 alone are "
                                    "reached through its NAT64, whose prefix is 64:ff9b::/96");
    facts.nat64.clear();
    EXPECT_TRUE(said(facts, "nat64").starts_with("problem: This network has IPv6 alone, and no NAT64 was found"))
        << said(facts, "nat64");
}

TEST(NetworkFindings, LeaveAMachineAloneThatTalksToItself)
{
    NetworkFacts facts;
    facts.addresses = {*IpAddress::parse("127.0.0.1")};
    facts.only_loopback = true;
    EXPECT_SAYS(facts, "network", "ok", "");
    EXPECT_SAYS(facts, "nat", "skipped", "talks to itself");
    facts.addresses = {*IpAddress::parse("192.168.1.2")};
    facts.only_loopback = false;
    EXPECT_SAYS(facts, "nat", "note", "No STUN server is configured");
}

TEST(NetworkFindings, SayWhatTheRouterSaidOfPortMappings)
{
    NetworkFacts facts = at_home();
    EXPECT_SAYS(facts, "port-mapping", "skipped", "is off");
    facts.port_mapping.emplace();
    EXPECT_SAYS(facts, "port-mapping", "note", "nothing answers");
    facts.port_mapping->problem = "PCP: not authorized";
    EXPECT_SAYS(facts, "port-mapping", "note", "not authorized");
    facts.port_mapping = {"PCP", "203.0.113.9", "", 12};
    EXPECT_SAYS(facts, "port-mapping", "ok", "PCP");
}

TEST(NetworkFindings, SayWhetherAFirewallOpensPinholes)
{
    NetworkFacts facts = at_home();
    EXPECT_SAYS(facts, "pinhole", "skipped", "is off");
    facts.port_mapping.emplace();
    EXPECT_SAYS(facts, "pinhole", "skipped", "no IPv6 here");
    facts.pinhole.emplace();
    EXPECT_SAYS(facts, "pinhole", "note", "nothing answers");
    facts.pinhole->problem = "PCP: NOT_AUTHORIZED";
    EXPECT_SAYS(facts, "pinhole", "note", "NOT_AUTHORIZED");
    facts.pinhole = {"UPnP", "2001:db8::2", "", 12};
    EXPECT_SAYS(facts, "pinhole", "ok", "2001:db8::2 if it is asked by UPnP");
}

// --- a relay --------------------------------------------------------------------------------------------------------

constexpr std::uint16_t kAllocate = 3;

Bytes answer_to(const Bytes& request, shared_stun::Class kind, int code, const char* nonce = "n1")
{
    const auto asked = shared_stun::read_message(request);
    Message message;
    message.kind = kind;
    message.method = kAllocate;
    message.id = asked->id;
    const auto add = [&](std::uint16_t type, std::string_view text) {
        message.attributes.push_back({type, {text.begin(), text.end()}});
    };
    if (code != 0) {
        message.attributes.push_back(
            {0x0009, {0, 0, static_cast<std::uint8_t>(code / 100), static_cast<std::uint8_t>(code % 100)}});
        add(0x0014, "example.net");
        add(0x0015, nonce);
    } else {
        Message relayed;
        relayed.id = message.id;
        add_address(relayed, shared_stun::Type::xor_mapped_address, endpoint("198.51.100.7", 50000));
        message.attributes.push_back({0x0016, relayed.attributes[0].value});
    }
    return write_message(message, false);
}

TurnAllocation allocation()
{
    return {"user", "secret", [n = std::uint8_t{0}](std::span<std::uint8_t> out) mutable {
                ++n;
                std::ranges::fill(out, n);
            }};
}

bool is_signed(const Bytes& request)
{
    const auto message = shared_stun::read_message(request);
    return message && std::ranges::any_of(message->attributes, [](const auto& one) { return one.type == 0x0008; });
}

TEST(TurnAllocation, ProvesWhoWeAreWhenItIsAskedTo)
{
    TurnAllocation ours = allocation();
    EXPECT_FALSE(is_signed(ours.request()));
    ASSERT_TRUE(ours.receive(answer_to(ours.request(), shared_stun::Class::error, 401)));
    EXPECT_TRUE(is_signed(ours.request()));
    ASSERT_FALSE(ours.answer());
    ASSERT_TRUE(ours.receive(answer_to(ours.request(), shared_stun::Class::success, 0)));
    ASSERT_TRUE(ours.answer());
    EXPECT_TRUE(ours.answer()->granted);
    EXPECT_EQ(ours.answer()->relayed, endpoint("198.51.100.7", 50000));
    EXPECT_TRUE(is_signed(ours.farewell()));
}

TEST(TurnAllocation, IsRefusedWhenItHasProvenWhoWeAreAndThatWasWrong)
{
    TurnAllocation ours = allocation();
    ours.receive(answer_to(ours.request(), shared_stun::Class::error, 401));
    ours.receive(answer_to(ours.request(), shared_stun::Class::error, 401));
    ASSERT_TRUE(ours.answer());
    EXPECT_FALSE(ours.answer()->granted);
    EXPECT_EQ(ours.answer()->refusal.code, 401);
    EXPECT_TRUE(ours.answer()->with_credentials);
}

TEST(TurnAllocation, TakesAFreshNonceAndNotForEver)
{
    TurnAllocation ours = allocation();
    ours.receive(answer_to(ours.request(), shared_stun::Class::error, 401));
    for (const char* nonce : {"n2", "n3"}) {
        const Bytes before = ours.request();
        EXPECT_TRUE(ours.receive(answer_to(ours.request(), shared_stun::Class::error, 438, nonce)));
        EXPECT_NE(ours.request(), before);
        EXPECT_FALSE(ours.answer());
    }
    ours.receive(answer_to(ours.request(), shared_stun::Class::error, 438));
    ASSERT_TRUE(ours.answer());
    EXPECT_EQ(ours.answer()->refusal.code, 438);
}

TEST(TurnAllocation, HearsNobodyElse)
{
    TurnAllocation ours = allocation();
    TurnAllocation other = allocation();
    other.receive(answer_to(other.request(), shared_stun::Class::error, 401)); // another id from here on
    EXPECT_FALSE(ours.receive(answer_to(other.request(), shared_stun::Class::success, 0)));
    EXPECT_FALSE(ours.receive(Bytes{1, 2, 3}));
    EXPECT_FALSE(ours.receive(ours.request()));
    EXPECT_FALSE(ours.answer());
}

} // namespace
} // namespace jackfield::ice
