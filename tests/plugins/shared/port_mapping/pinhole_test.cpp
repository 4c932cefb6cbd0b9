// Pinholes of IPv6 in firewalls that are good, silent, late, mad or mean. All of it on ::1.

#include "doubles.hpp"

#include <shared/port_mapping/port_mapper.hpp>

#include <atomic>

namespace shared_port_mapping {
namespace {

using namespace std::chrono_literals;
using test::DatagramRouter;
using test::get32;
using test::HttpDevice;
using test::is_pcp_map;
using test::Mailbox;
using test::on_loopback;
using test::pcp_answer;
using test::put32;
using test::search_answer;
using test::value_in;

const Endpoint kHere{*IpAddress::parse("::1"), 4000};
constexpr std::uint8_t kNotAuthorized = 2;

/// A firewall's answer to a request of PCP: what was asked for, as long as is said.
Bytes firewall_answer(ByteView request, std::uint32_t lifetime_s, std::uint8_t result = 0)
{
    Bytes answer(request.begin(), request.end());
    answer[1] |= 0x80;
    answer[3] = result;
    put32(answer, 4, lifetime_s);
    put32(answer, 8, 7);
    return answer;
}

struct Pinhole {
    explicit Pinhole(Settings settings)
        : mapper(std::make_unique<PortMapper>(std::move(settings), [this](const std::string& line) { log.put(line); }))
    {}
    ~Pinhole()
    {
        mapping.reset();
        mapper.reset();
    }

    void ask(Transport transport = Transport::udp, const Endpoint& inside = kHere)
    {
        mapping = mapper->map({transport, inside}, [this](const Outcome& outcome) { results.put(outcome); });
    }
    Outcome result(std::size_t number = 0) { return results.at(number).value_or(std::unexpected("nothing came")); }

    Mailbox<std::string> log;
    Mailbox<Outcome> results;
    std::unique_ptr<PortMapper> mapper;
    std::unique_ptr<PortMapper::Mapping> mapping;
};

/// Nobody is there for IPv4.
Settings with(const Endpoint& firewall, std::vector<Protocol> protocols = {Protocol::pcp})
{
    Settings settings;
    settings.protocols = std::move(protocols);
    settings.router = on_loopback(9);
    settings.search = on_loopback(9);
    settings.firewall = firewall;
    settings.search_v6 = Endpoint{kHere.address, 9};
    settings.renew_floor = 20ms;
    return settings;
}

/// Answers to mappings alone are the test's; it is polite otherwise.
std::unique_ptr<DatagramRouter> make_firewall(DatagramRouter::Answer to_map)
{
    return std::make_unique<DatagramRouter>(
        [to_map = std::move(to_map)](ByteView request) {
            return is_pcp_map(request) ? to_map(request) : std::vector<Bytes>{firewall_answer(request, 0)};
        },
        "::1");
}

TEST(PinholeByPcp, LeadsToTheVeryAddressAndIsClosedAtTheEnd)
{
    Mailbox<Bytes> asked;
    const auto firewall = make_firewall([&](ByteView request) {
        asked.put({request.begin(), request.end()});
        return std::vector<Bytes>{firewall_answer(request, get32(request, 4))};
    });
    {
        Pinhole one(with(firewall->place()));
        one.ask(Transport::tcp);
        const auto outcome = one.result();
        ASSERT_TRUE(outcome) << outcome.error();
        EXPECT_EQ(*outcome, (Granted{Protocol::pcp, kHere, 3600s}));
    }
    ASSERT_GE(asked.size(), 2U) << "before the destructor returns";
    const Bytes first = *asked.at(0);
    const Bytes goodbye = *asked.at(asked.size() - 1);
    EXPECT_TRUE(std::equal(first.begin() + 8, first.begin() + 24, kHere.address.bytes())) << "whom we are";
    EXPECT_EQ(first[36], 6) << "TCP";
    EXPECT_EQ(first[40] << 8 | first[41], kHere.port);
    EXPECT_EQ(first[42] << 8 | first[43], kHere.port) << "there is no other outside";
    EXPECT_TRUE(std::equal(first.begin() + 44, first.begin() + 60, kHere.address.bytes()));
    EXPECT_EQ(get32(goodbye, 4), 0U);
    EXPECT_TRUE(std::equal(first.begin() + 24, first.end(), goodbye.begin() + 24)) << "with its nonce";
}

TEST(PinholeByPcp, OfAnotherAddressOrPortIsRefused)
{
    for (const std::size_t spoiled : {43U, 59U}) { // of port, of address
        const auto firewall = make_firewall([&](ByteView request) {
            Bytes answer = firewall_answer(request, 3600);
            answer[spoiled] ^= 1;
            return std::vector<Bytes>{answer};
        });
        Pinhole one(with(firewall->place()));
        one.ask();
        const auto outcome = one.result();
        ASSERT_FALSE(outcome);
        EXPECT_EQ(outcome.error(), "PCP: a pinhole to another address was granted");
    }
}

TEST(PinholeByPcp, OfNoTimeIsRefusedAndOneForEverIsBelievedForADay)
{
    for (const std::uint32_t lifetime : {0U, 0xFFFF'FFFFU}) {
        const auto firewall =
            make_firewall([&](ByteView request) { return std::vector<Bytes>{firewall_answer(request, lifetime)}; });
        Pinhole one(with(firewall->place()));
        one.ask();
        const auto outcome = one.result();
        ASSERT_EQ(outcome.has_value(), lifetime != 0);
        if (outcome)
            EXPECT_EQ(outcome->lifetime, 86'400s);
        else
            EXPECT_EQ(outcome.error(), "PCP: a mapping of no time was granted");
    }
}

TEST(PinholeByPcp, IsNotGrantedByGarbageNorByAnswersForOthersNorByLateOnes)
{
    std::atomic<int> heard = 0;
    const auto firewall = make_firewall([&](ByteView request) {
        const Bytes good = firewall_answer(request, 3600);
        if (++heard == 1) { // and the good one is late: it answers the second question
            std::vector<Bytes> all{{}, {2}, Bytes(1500, 0xFF), Bytes(60, 0), Bytes(request.begin(), request.end())};
            for (const std::size_t at : {24U, 36U, 41U}) { // nonce, transport, port
                all.push_back(good);
                all.back()[at] ^= 1;
            }
            all.push_back(pcp_answer(Bytes(60, 2), 3600, 7)); // of IPv4
            return all;
        }
        return std::vector<Bytes>{good, good, firewall_answer(request, 0, kNotAuthorized)};
    });
    Pinhole one(with(firewall->place()));
    one.ask();
    const auto outcome = one.result();
    ASSERT_TRUE(outcome) << outcome.error();
    EXPECT_GE(heard, 2);
    EXPECT_EQ(one.results.size(), 1U) << "what comes after the answer is nobody's";
}

TEST(PinholeByPcp, IsRenewedWithTheSameNonceBeforeItsTimeIsOver)
{
    Mailbox<Bytes> asked;
    const auto firewall = make_firewall([&](ByteView request) {
        asked.put({request.begin(), request.end()});
        return std::vector<Bytes>{firewall_answer(request, 1)};
    });
    Pinhole one(with(firewall->place()));
    one.ask();
    ASSERT_TRUE(one.result());
    ASSERT_TRUE(asked.at(1)) << "after half a second";
    EXPECT_EQ(asked.at(0), asked.at(1));
    EXPECT_EQ(one.results.size(), 1U) << "that is no news";
}

// As miniupnpd 2.3.1 does with a pinhole that was renewed.
TEST(PinholeByPcp, ThatMayNotBeClosedIsHeldOpenForAsShortAsCanBe)
{
    Mailbox<std::uint32_t> lifetimes;
    const auto firewall = make_firewall([&](ByteView request) {
        const std::uint32_t lifetime = get32(request, 4);
        lifetimes.put(lifetime);
        return std::vector<Bytes>{firewall_answer(request, lifetime, lifetime == 0 ? kNotAuthorized : 0)};
    });
    {
        Pinhole one(with(firewall->place()));
        one.ask();
        ASSERT_TRUE(one.result());
    }
    ASSERT_GE(lifetimes.size(), 3U) << "before the destructor returns";
    EXPECT_EQ(lifetimes.at(lifetimes.size() - 2), 0U);
    EXPECT_EQ(lifetimes.at(lifetimes.size() - 1), 1U);
}

TEST(PinholeByPcp, OfASilentFirewallHoldsUpNoPortOfIpv4)
{
    Mailbox<int> heard;
    DatagramRouter silent(
        [&](ByteView) {
            heard.put(1);
            return std::vector<Bytes>();
        },
        "::1");
    Mailbox<std::uint32_t> lifetimes;
    DatagramRouter good([&](ByteView request) {
        if (is_pcp_map(request))
            lifetimes.put(get32(request, 4));
        return std::vector<Bytes>{pcp_answer(request, 3600, 7)};
    });
    Settings settings = with(silent.place());
    settings.router = good.place();
    {
        Pinhole one(settings);
        one.ask();
        ASSERT_TRUE(heard.at(0));
        Mailbox<Outcome> port;
        const auto mapping =
            one.mapper->map({Transport::udp, on_loopback(4001)}, [&](const Outcome& outcome) { port.put(outcome); });
        ASSERT_TRUE(port.at(0)->has_value()) << port.at(0)->error();
        EXPECT_EQ(one.results.size(), 0U);
    }
    EXPECT_EQ(lifetimes.at(1), 0U) << "and none is left open";
}

TEST(Pinhole, NeedsAProtocolThatKnowsIpv6AndAnAddressOfOurs)
{
    const auto firewall =
        make_firewall([](ByteView request) { return std::vector<Bytes>{firewall_answer(request, 9)}; });
    Pinhole old(with(firewall->place(), {Protocol::nat_pmp}));
    old.ask();
    EXPECT_EQ(old.result().error(), "there is no protocol to ask by");
    Pinhole elsewhere(with(firewall->place()));
    elsewhere.ask(Transport::udp, {*IpAddress::parse("2001:db8::7"), 4000});
    EXPECT_EQ(elsewhere.result().error(), "2001:db8::7 is no address of ours");
}

// --- UPnP

std::string description_of(const std::string& service)
{
    return HttpDevice::ok("<root><device><serviceList><service><serviceType>urn:schemas-upnp-org:service:" + service +
                          "</serviceType><controlURL>/ctl</controlURL></service></serviceList></device></root>");
}

std::string status(const char* enabled, const char* allowed)
{
    return HttpDevice::ok("<e><FirewallEnabled>" + std::string(enabled) + "</FirewallEnabled><InboundPinholeAllowed>" +
                          allowed + "</InboundPinholeAllowed></e>");
}

/// A gateway with a firewall; `add` says what it answers to AddPinhole.
struct PinholeGateway {
    explicit PinholeGateway(HttpDevice::Answer add, std::string says = status("1", "1"),
                            std::string described = description_of("WANIPv6FirewallControl:1"))
        : http(
              [this, add = std::move(add), says = std::move(says),
               described = std::move(described)](const std::string& request) {
                  requests.put(request);
                  if (request.starts_with("GET /desc.xml "))
                      return described;
                  if (request.find("#GetFirewallStatus\"") != std::string::npos)
                      return says;
                  return request.find("#AddPinhole\"") != std::string::npos ? add(request) : HttpDevice::ok("<e/>");
              },
              "::1"),
          search([this](ByteView) { return std::vector<Bytes>{search_answer(http.url("/desc.xml"))}; }, "::1")
    {}

    Settings settings() const
    {
        Settings all = with({kHere.address, 9}, {Protocol::upnp});
        all.search_v6 = search.place();
        return all;
    }

    Mailbox<std::string> requests;
    HttpDevice http;
    DatagramRouter search;
};

std::string numbered(const std::string& number)
{
    return HttpDevice::ok("<e><UniqueID>" + number + "</UniqueID></e>");
}

TEST(PinholeByUpnp, IsForWhoeverComesAndIsClosedByItsNumber)
{
    PinholeGateway gateway([](const std::string&) { return numbered("65535"); });
    {
        Pinhole one(gateway.settings());
        one.ask();
        const auto outcome = one.result();
        ASSERT_TRUE(outcome) << outcome.error();
        EXPECT_EQ(*outcome, (Granted{Protocol::upnp, kHere, 3600s}));
    }
    ASSERT_EQ(gateway.requests.size(), 4U) << "before the destructor returns";
    EXPECT_NE(gateway.requests.at(0)->find("Host: [::1]:"), std::string::npos);
    const std::string add = *gateway.requests.at(2);
    EXPECT_NE(add.find("urn:schemas-upnp-org:service:WANIPv6FirewallControl:1#AddPinhole\""), std::string::npos);
    EXPECT_EQ(value_in(add, "RemoteHost"), "");
    EXPECT_EQ(value_in(add, "RemotePort"), "0");
    EXPECT_EQ(value_in(add, "InternalClient"), "::1");
    EXPECT_EQ(value_in(add, "InternalPort"), "4000");
    EXPECT_EQ(value_in(add, "Protocol"), "17");
    EXPECT_EQ(value_in(add, "LeaseTime"), "3600");
    const std::string goodbye = *gateway.requests.at(3);
    EXPECT_NE(goodbye.find("#DeletePinhole\""), std::string::npos);
    EXPECT_EQ(value_in(goodbye, "UniqueID"), "65535");
}

TEST(PinholeByUpnp, IsRefusedWithAReasonAndWithoutANumberThatIsOne)
{
    for (const auto& [answer, error] : std::map<std::string, std::string>{
             {HttpDevice::upnp_error(606), "UPnP: no (606)"},
             {numbered("65536"), "UPnP: a pinhole without a number was opened"},
             {numbered("-1"), "UPnP: a pinhole without a number was opened"},
             {numbered(""), "UPnP: a pinhole without a number was opened"},
             {HttpDevice::ok(std::string(1000, '<')), "UPnP: a pinhole without a number was opened"}}) {
        PinholeGateway gateway([&](const std::string&) { return answer; });
        Pinhole one(gateway.settings());
        one.ask();
        const auto outcome = one.result();
        ASSERT_FALSE(outcome) << answer;
        EXPECT_EQ(outcome.error(), error);
    }
}

TEST(PinholeByUpnp, IsNotAskedForWhereThereIsNoneToBeHad)
{
    const auto never = [](const std::string&) { return numbered("1"); };
    PinholeGateway off(never, status("0", "1"));
    PinholeGateway strict(never, status("1", "0"));
    PinholeGateway old(never, status("1", "1"), description_of("WANIPConnection:1"));
    PinholeGateway garbage(never, HttpDevice::ok(std::string(3000, '\xFF')));
    std::vector<std::unique_ptr<Pinhole>> all; // at once: each waits for the end of its search
    for (const auto* gateway : {&off, &strict, &old, &garbage}) {
        all.push_back(std::make_unique<Pinhole>(gateway->settings()));
        all.back()->ask();
    }
    EXPECT_EQ(all[0]->result().error(), "UPnP: a gateway's firewall is off");
    EXPECT_EQ(all[1]->result().error(), "UPnP: a gateway opens no pinholes");
    EXPECT_EQ(all[2]->result().error(), "UPnP: a gateway opens no pinholes");
    EXPECT_EQ(all[3]->result().error(), "UPnP: a gateway opens no pinholes");
    EXPECT_EQ(off.requests.size(), 2U);
    EXPECT_EQ(old.requests.size(), 1U);
}

} // namespace
} // namespace shared_port_mapping
