// Mappings of routers that are good, silent, late, mad or mean.

#include "doubles.hpp"

#include <shared/port_mapping/pcp_wire.hpp>
#include <shared/port_mapping/trial.hpp>

#include <algorithm>
#include <atomic>

namespace shared_port_mapping {
namespace {

using namespace std::chrono_literals;
using test::DatagramRouter;
using test::get32;
using test::HttpDevice;
using test::is_pcp_map;
using test::kOutside;
using test::Mailbox;
using test::nat_pmp_answer;
using test::on_loopback;
using test::pcp_answer;
using test::put32;
using test::search_answer;
using test::value_in;

constexpr std::uint16_t kInside = 4000;

/// A mapper and what it says.
struct Mapping {
    explicit Mapping(Settings settings)
        : mapper(std::make_unique<PortMapper>(std::move(settings), [this](const std::string& line) { log.put(line); }))
    {}
    ~Mapping()
    {
        mapping.reset();
        mapper.reset();
    }

    void ask(Transport transport = Transport::udp)
    {
        mapping =
            mapper->map({transport, on_loopback(kInside)}, [this](const Outcome& outcome) { results.put(outcome); });
    }
    Outcome result(std::size_t number = 0) { return results.at(number).value_or(std::unexpected("nothing came")); }

    Mailbox<std::string> log;
    Mailbox<Outcome> results;
    std::unique_ptr<PortMapper> mapper;
    std::unique_ptr<PortMapper::Mapping> mapping;
};

Settings of(const DatagramRouter& router, std::vector<Protocol> protocols = {Protocol::pcp, Protocol::nat_pmp})
{
    Settings settings;
    settings.protocols = std::move(protocols);
    settings.router = router.place();
    settings.search = on_loopback(9); // nobody is there
    settings.renew_floor = 20ms;
    return settings;
}

TEST(PortMapperWithPcp, TakesThePortThatItIsGivenAndGivesItBack)
{
    Mailbox<std::uint32_t> lifetimes;
    DatagramRouter router([&](ByteView request) {
        if (is_pcp_map(request))
            lifetimes.put(get32(request, 4));
        return std::vector<Bytes>{pcp_answer(request, 3600, 7)};
    });
    Mapping one(of(router));
    one.ask();
    const auto outcome = one.result();
    ASSERT_TRUE(outcome) << outcome.error();
    EXPECT_EQ(*outcome, (Granted{Protocol::pcp, kOutside, 3600s}));
    EXPECT_EQ(lifetimes.at(0), 3600U);
    one.mapping.reset();
    EXPECT_EQ(lifetimes.at(1), 0U) << "it is taken back (RFC 6887 section 15)";
}

TEST(PortMapperWithPcp, TakesBackWhatIsLeftWhenItEnds)
{
    Mailbox<std::uint32_t> lifetimes;
    DatagramRouter router([&](ByteView request) {
        if (is_pcp_map(request))
            lifetimes.put(get32(request, 4));
        return std::vector<Bytes>{pcp_answer(request, 3600, 7)};
    });
    {
        Mapping one(of(router));
        one.ask(Transport::tcp);
        ASSERT_TRUE(one.result());
    }
    ASSERT_EQ(lifetimes.size(), 2U) << "before the destructor returns";
    EXPECT_EQ(lifetimes.at(1), 0U);
}

TEST(PortMapperWithPcp, SaysAQuestionAgainUntilItIsAnswered)
{
    std::atomic<int> heard = 0;
    DatagramRouter router([&](ByteView request) -> std::vector<Bytes> {
        return ++heard < 3 ? std::vector<Bytes>() : std::vector<Bytes>{pcp_answer(request, 3600, 7)};
    });
    Mapping one(of(router, {Protocol::pcp}));
    one.ask();
    EXPECT_TRUE(one.result());
    EXPECT_GE(heard, 4) << "the announcement thrice, the mapping once";
}

TEST(PortMapperWithPcp, PassesOverGarbageAndAnswersForOthers)
{
    DatagramRouter router([](ByteView request) {
        const Bytes good = pcp_answer(request, 3600, 7);
        std::vector<Bytes> all{{}, {2}, Bytes(1500, 0xFF), Bytes(60, 0), Bytes(request.begin(), request.end())};
        if (is_pcp_map(request)) {
            for (const std::size_t at : {24U, 36U, 41U}) { // nonce, transport, port
                all.push_back(good);
                all.back()[at] ^= 1;
                all.back()[43] ^= 1; // another port of the outside: it must not be seen
            }
        }
        all.push_back(good);
        return all;
    });
    Mapping one(of(router, {Protocol::pcp}));
    one.ask();
    const auto outcome = one.result();
    ASSERT_TRUE(outcome) << outcome.error();
    EXPECT_EQ(outcome->external, kOutside);
}

TEST(PortMapperWithPcp, RefusesAMappingOfNoTimeAndAnOutsideThatIsNone)
{
    for (const bool timeless : {true, false}) {
        DatagramRouter router([&](ByteView request) {
            Bytes answer = pcp_answer(request, timeless ? 0 : 3600, 7);
            if (!timeless && is_pcp_map(request))
                std::fill_n(answer.begin() + 42, 2, std::uint8_t{0}); // port 0
            return std::vector<Bytes>{answer};
        });
        Mapping one(of(router, {Protocol::pcp}));
        one.ask();
        const auto outcome = one.result();
        ASSERT_FALSE(outcome);
        EXPECT_EQ(outcome.error(),
                  timeless ? "PCP: a mapping of no time was granted" : "PCP: an outside was granted that is none");
    }
}

TEST(PortMapperWithPcp, SaysWhyARouterRefuses)
{
    DatagramRouter router(
        [](ByteView request) { return std::vector<Bytes>{pcp_answer(request, 30, 7, is_pcp_map(request) ? 2 : 0)}; });
    Mapping one(of(router, {Protocol::pcp}));
    one.ask();
    EXPECT_EQ(one.result().error(), "PCP: NOT_AUTHORIZED");
}

TEST(PortMapperWithPcp, RenewsAMappingWithTheSameNonceAndPort)
{
    Mailbox<Bytes> requests;
    DatagramRouter router([&](ByteView request) {
        if (is_pcp_map(request))
            requests.put({request.begin(), request.end()});
        return std::vector<Bytes>{pcp_answer(request, 1, 7)}; // for a second: after half of it
    });
    Mapping one(of(router));
    one.ask();
    ASSERT_TRUE(one.result());
    const auto first = requests.at(0);
    const auto second = requests.at(1);
    ASSERT_TRUE(first && second);
    EXPECT_TRUE(std::equal(first->begin() + 24, first->begin() + 42, second->begin() + 24))
        << "RFC 6887 section 11.2.1";
    EXPECT_EQ((*second)[42] << 8 | (*second)[43], kOutside.port) << "it asks for what it has";
    EXPECT_EQ(one.results.size(), 1U) << "that is no news";
}

TEST(PortMapperWithPcp, AsksForAllMappingsAgainWhenTheRouterHasRestarted)
{
    Mailbox<std::uint16_t> ports;
    std::atomic<std::uint32_t> epoch = 5000;
    DatagramRouter router([&](ByteView request) {
        if (is_pcp_map(request))
            ports.put(static_cast<std::uint16_t>(request[40] << 8 | request[41]));
        return std::vector<Bytes>{pcp_answer(request, 3600, epoch)};
    });
    Mapping one(of(router));
    one.ask();
    ASSERT_TRUE(one.result());
    epoch = 1; // heard of with the next answer, whatever it is about
    Mailbox<Outcome> other;
    const auto second =
        one.mapper->map({Transport::tcp, on_loopback(4002)}, [&](const Outcome& outcome) { other.put(outcome); });
    ASSERT_TRUE(other.at(0)->has_value());
    ASSERT_TRUE(ports.at(2)) << "nobody has asked again";
    EXPECT_EQ(ports.at(0), kInside);
    EXPECT_EQ(ports.at(1), 4002);
    EXPECT_EQ(ports.at(2), kInside);
}

TEST(PortMapperWithNatPmp, IsAskedWhereTheRouterKnowsNoPcp)
{
    DatagramRouter router([](ByteView request) { return std::vector<Bytes>{nat_pmp_answer(request)}; });
    Mapping one(of(router));
    one.ask();
    const auto outcome = one.result();
    ASSERT_TRUE(outcome) << outcome.error();
    EXPECT_EQ(*outcome, (Granted{Protocol::nat_pmp, kOutside, 3600s}));
}

TEST(PortMapperWithoutARouter, SaysSoAtOnceWhereNobodyListens)
{
    Endpoint nobody;
    {
        DatagramRouter gone([](ByteView) { return std::vector<Bytes>(); });
        nobody = gone.place();
    }
    Settings settings;
    settings.protocols = {Protocol::pcp, Protocol::nat_pmp};
    settings.router = nobody;
    Mapping one(settings);
    one.ask();
    EXPECT_EQ(one.result().error(), "PCP: nothing listens at the router; NAT-PMP: nothing listens at the router");
}

TEST(PortMapperWithoutARouter, EndsAtOnceWhileASilentOneIsStillAsked)
{
    Mailbox<int> heard;
    DatagramRouter router([&](ByteView) {
        heard.put(1);
        return std::vector<Bytes>();
    });
    auto one = std::make_unique<Mapping>(of(router));
    one->ask();
    ASSERT_TRUE(heard.at(0));
    one.reset();
}

TEST(PortMapperWithoutARouter, SaysNothingToAnybodyIfNoProtocolIsWanted)
{
    std::atomic<int> heard = 0;
    DatagramRouter router([&](ByteView) {
        ++heard;
        return std::vector<Bytes>();
    });
    Mapping one(of(router, {}));
    one.ask();
    EXPECT_FALSE(one.result());
    EXPECT_EQ(heard, 0);
}

TEST(PortMapper, RefusesAnAddressThatTheRouterDoesNotSee)
{
    DatagramRouter router([](ByteView request) { return std::vector<Bytes>{pcp_answer(request, 3600, 7)}; });
    Mapping one(of(router));
    Mailbox<Outcome> results;
    const auto mapping = one.mapper->map({Transport::udp, {*IpAddress::parse("127.0.0.2"), kInside}},
                                         [&](const Outcome& outcome) { results.put(outcome); });
    EXPECT_EQ(results.at(0)->error(), "the router does not see us at 127.0.0.2");
}

// --- UPnP

const std::string kDescription =
    HttpDevice::ok("<root><device><serviceList><service><serviceType>urn:schemas-upnp-org:service:WANIPConnection:1"
                   "</serviceType><controlURL>/ctl</controlURL></service></serviceList></device></root>");
const std::string kAddress = HttpDevice::ok("<e><NewExternalIPAddress>203.0.113.7</NewExternalIPAddress></e>");

/// A gateway; `add` says what it answers to AddPortMapping.
struct Gateway {
    explicit Gateway(HttpDevice::Answer add)
        : http([this, add = std::move(add)](const std::string& request) {
              requests.put(request);
              if (request.starts_with("GET /desc.xml "))
                  return kDescription;
              if (request.find("#GetExternalIPAddress\"") != std::string::npos)
                  return kAddress;
              return request.find("#AddPortMapping\"") != std::string::npos ? add(request) : HttpDevice::ok("<e/>");
          }),
          search([this](ByteView) { return std::vector<Bytes>{search_answer(http.url("/desc.xml"))}; })
    {}

    Settings settings() const
    {
        Settings all = of(search, {Protocol::upnp});
        all.search = search.place();
        return all;
    }

    Mailbox<std::string> requests;
    HttpDevice http;
    DatagramRouter search;
};

TEST(PortMapperWithUpnp, MapsAPortAndTakesItBack)
{
    Gateway gateway([](const std::string&) { return HttpDevice::ok("<e/>"); });
    std::string port;
    {
        Mapping one(gateway.settings());
        one.ask(Transport::tcp);
        const auto outcome = one.result();
        ASSERT_TRUE(outcome) << outcome.error();
        EXPECT_EQ(outcome->external.address, kOutside.address);
        EXPECT_NE(outcome->external.port, kInside) << "the peer may have been refused there already";
        port = std::to_string(outcome->external.port);
    }
    const std::string add = gateway.requests.at(3).value_or("");
    EXPECT_EQ(value_in(add, "NewInternalClient"), "127.0.0.1");
    EXPECT_EQ(value_in(add, "NewInternalPort"), "4000");
    EXPECT_EQ(value_in(add, "NewProtocol"), "TCP");
    EXPECT_EQ(value_in(add, "NewLeaseDuration"), "3600");
    ASSERT_EQ(gateway.requests.size(), 5U) << "before the destructor returns";
    const std::string goodbye = *gateway.requests.at(4);
    EXPECT_NE(goodbye.find("#DeletePortMapping\""), std::string::npos);
    EXPECT_EQ(value_in(goodbye, "NewExternalPort"), port);
}

TEST(PortMapperWithUpnp, TakesAnotherPortIfThatOneIsSomebodyElses)
{
    std::string first;
    Gateway gateway([&](const std::string& request) {
        const std::string port = value_in(request, "NewExternalPort");
        first = first.empty() ? port : first;
        return port == first ? HttpDevice::upnp_error(718) : HttpDevice::ok("<e/>");
    });
    Mapping one(gateway.settings());
    one.ask();
    const auto outcome = one.result();
    ASSERT_TRUE(outcome) << outcome.error();
    EXPECT_NE(std::to_string(outcome->external.port), first);
}

TEST(PortMapperWithUpnp, TakesItsOwnPortIfTheRouterKnowsNoOther)
{
    Gateway gateway([](const std::string& request) {
        return value_in(request, "NewExternalPort") != "4000" ? HttpDevice::upnp_error(724) : HttpDevice::ok("<e/>");
    });
    Mapping one(gateway.settings());
    one.ask();
    const auto outcome = one.result();
    ASSERT_TRUE(outcome) << outcome.error();
    EXPECT_EQ(outcome->external.port, kInside);
}

TEST(PortMapperWithUpnp, TakesAMappingForGoodIfThereIsNoOther)
{
    Gateway gateway([](const std::string& request) {
        return value_in(request, "NewLeaseDuration") != "0" ? HttpDevice::upnp_error(725) : HttpDevice::ok("<e/>");
    });
    Mapping one(gateway.settings());
    one.ask();
    const auto outcome = one.result();
    ASSERT_TRUE(outcome) << outcome.error();
    EXPECT_EQ(outcome->lifetime, 0s);
}

TEST(PortMapperWithUpnp, GivesUpWhereEveryPortIsSomebodyElses)
{
    std::atomic<int> asked = 0;
    Gateway gateway([&](const std::string&) {
        ++asked;
        return HttpDevice::upnp_error(718);
    });
    Mapping one(gateway.settings());
    one.ask();
    EXPECT_EQ(one.result().error(), "UPnP: no (718)");
    EXPECT_EQ(asked, 5);
}

/// A first device that says this when it is asked for its description, and a good one behind it.
void expect_good_one_after(const std::string& answer)
{
    HttpDevice bad([&](const std::string&) { return answer; });
    Gateway good([](const std::string&) { return HttpDevice::ok("<e/>"); });
    DatagramRouter search([&](ByteView) {
        return std::vector<Bytes>{search_answer(bad.url("/desc.xml")), search_answer(good.http.url("/desc.xml"))};
    });
    Settings settings = of(search, {Protocol::upnp});
    settings.search = search.place();
    Mapping one(settings);
    one.ask();
    const auto outcome = one.result();
    EXPECT_TRUE(outcome) << outcome.error();
}

TEST(PortMapperWithUpnp, PassesOverADeviceThatAnswersWithMegabytes)
{
    expect_good_one_after(HttpDevice::ok(std::string(8'000'000, '<')));
}

TEST(PortMapperWithUpnp, PassesOverADeviceThatAnswersWithHeadersWithoutEnd)
{
    std::string headers = "HTTP/1.1 200 OK\r\n";
    for (int line = 0; line < 10'000; ++line)
        headers += "X-Line: of no use\r\n";
    expect_good_one_after(headers);
}

TEST(PortMapperWithUpnp, PassesOverADeviceThatAnswersWithGarbage)
{
    for (const std::string& garbage :
         {std::string("\0\xFF\x01", 3), HttpDevice::ok("<root><device><serviceList><service>"),
          std::string("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"),
          std::string("HTTP/1.1 404 Not Found\r\n\r\n")})
        expect_good_one_after(garbage);
}

TEST(PortMapperWithUpnp, PassesOverADeviceThatNeverAnswers)
{
    expect_good_one_after(""); // two seconds
}

TEST(PortMapperWithUpnp, WaitsForADeviceThatAnswersLate)
{
    std::atomic<int> late = 0;
    Gateway gateway([&](const std::string&) {
        ++late;
        poll(nullptr, 0, 700); // it is a slow box
        return HttpDevice::ok("<e/>");
    });
    DatagramRouter search([&](ByteView) {
        poll(nullptr, 0, 600); // longer than until the question is repeated
        return std::vector<Bytes>{search_answer(gateway.http.url("/desc.xml"))};
    });
    Settings settings = of(search, {Protocol::upnp});
    settings.search = search.place();
    Mapping one(settings);
    one.ask();
    const auto outcome = one.result();
    EXPECT_TRUE(outcome) << outcome.error();
    EXPECT_EQ(late, 1) << "it is asked once";
}

TEST(PortMapperWithUpnp, LooksAtFourDevicesOfAnEndlessList)
{
    std::atomic<int> asked = 0;
    Mailbox<int> last;
    HttpDevice device([&](const std::string& request) {
        ++asked;
        if (request.find("/3 ") != std::string::npos)
            last.put(3);
        return HttpDevice::ok("<root/>");
    });
    DatagramRouter search([&](ByteView) {
        std::vector<Bytes> all;
        for (int number = 0; number < 1000; ++number)
            all.push_back(search_answer(device.url('/' + std::to_string(number))));
        return all;
    });
    Settings settings = of(search, {Protocol::upnp});
    settings.search = search.place();
    Mapping one(settings);
    one.ask();
    ASSERT_TRUE(last.at(0));
    EXPECT_FALSE(one.result()) << "when the search is over";
    EXPECT_EQ(asked, 4);
}

TEST(PortMapperTrial, SaysForEachProtocolWhetherItWorks)
{
    DatagramRouter router([](ByteView request) {
        return request[0] == 2 ? std::vector<Bytes>{pcp_answer(request, 3600, 7)} : std::vector<Bytes>();
    });
    const auto trials = try_protocols(of(router), 400ms);
    ASSERT_EQ(trials.size(), 2U);
    EXPECT_EQ(trials[0].protocol, Protocol::pcp);
    ASSERT_TRUE(trials[0].outcome) << trials[0].outcome.error();
    EXPECT_EQ(trials[0].outcome->external, kOutside);
    EXPECT_EQ(trials[1].protocol, Protocol::nat_pmp);
    EXPECT_FALSE(trials[1].outcome);
}

} // namespace
} // namespace shared_port_mapping
